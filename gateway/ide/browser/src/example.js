// A first query for a view: everything that it shows of one customer, as far as that stays readable.
import { getNamedType, getNullableType, isInputObjectType, isLeafType, isNonNullType, isObjectType } from "graphql";

const DEEPEST = 4;
const MOST_FIELDS = 40;

const UNKNOWN = "# This view does not show its schema to this consumer: write a query that you know.\n\n";

// Returns { query, variables } as text. `schema` is null where the view does not show it.
export function example(schema) {
  if (!schema) {
    return { query: UNKNOWN, variables: "{}" };
  }
  const root = Object.values(schema.getQueryType().getFields()).find((field) => field.args.some((one) => one.name === "by"));
  if (!root) {
    return { query: "{ __typename }", variables: "{}" };
  }
  const by = root.args.find((one) => one.name === "by");
  const left = { fields: MOST_FIELDS };
  const selection = selectionOf(getNamedType(root.type), 1, left);
  return {
    query: `query Example($by: ${by.type}) {\n  ${root.name}(by: $by) ${selection}\n}\n`,
    variables: JSON.stringify({ by: { [lookUp(getNullableType(by.type))]: "" } }, null, 2),
  };
}

// People know a customer by a source's key; the canonical id is the last resort.
function lookUp(type) {
  const names = isInputObjectType(type) ? Object.keys(type.getFields()) : [];
  return names.find((name) => name !== "id") ?? names[0] ?? "id";
}

function selectionOf(type, depth, left) {
  const chosen = Object.values(type.getFields()).map((field) => chosenOf(type, field, depth, left));
  const lines = chosen.filter(Boolean).map((text) => `${"  ".repeat(depth + 1)}${text}\n`);
  return lines.length ? `{\n${lines.join("")}${"  ".repeat(depth)}}` : "{ __typename }";
}

function chosenOf(parent, field, depth, left) {
  const type = getNamedType(field.type);
  const isConnection = "pageInfo" in parent.getFields();
  if (field.args.some(isWanted) || left.fields <= 0 || (isConnection && field.name !== "nodes")) {
    return null;
  }
  left.fields -= 1;
  if (isLeafType(type)) {
    return field.name;
  }
  return isObjectType(type) && depth < DEEPEST ? `${field.name} ${selectionOf(type, depth + 1, left)}` : null;
}

function isWanted(argument) {
  return isNonNullType(argument.type) && argument.defaultValue === undefined;
}

// Speaks to the gateway. The token is given to each call and kept nowhere here. sending.js is that of every page.
import { send } from "./sending.js";

// `/anything/views/{view}/graphiql`: what stands before is where the gateway is mounted.
const [, base, segment] = /^(.*\/views\/)([^/]*)\/graphiql$/.exec(location.pathname) ?? [null, "/views/", ""];

export const view = readable(segment);

// A request that was not answered with what was wanted: `title` in a few words, `text` says how to mend it.
export class Refusal extends Error {
  constructor(title, text, status = 0) {
    super(text);
    Object.assign(this, { title, text, status });
  }
}

// Returns the view's schema as SDL, and the view with its version: { sdl, id }. A view that does not show its schema to
// this consumer can be asked all the same: `sdl` is null then, and the version is not known yet. Throws Refusal.
export async function readSchema(token) {
  const answer = await sent("schema.graphql", token);
  if (!answer.ok) {
    const body = await bodyOf(answer);
    if (body?.errors?.[0]?.extensions?.code === "INTROSPECTION_NOT_ALLOWED") {
      return { sdl: null, id: view };
    }
    throw refused(answer.status, body);
  }
  const named = /([^/]+)\/schema\.graphql$/.exec(answer.headers.get("Content-Location") ?? "")?.[1];
  return { sdl: await answer.text(), id: readable(named ?? segment) };
}

// Returns the GraphQL response, whatever it holds. Throws Refusal when there is none.
export async function ask(token, request) {
  const answer = await sent("graphql", token, { ...request, extensions: { receipt: "fields" } });
  const body = await bodyOf(answer);
  if (answer.ok || body?.data !== undefined) {
    return body;
  }
  const refusal = refused(answer.status, body);
  refusal.response = body;
  throw refusal;
}

// Returns the plan of a request, also of one that is over a limit; nothing is asked of any source. Throws Refusal.
export async function explain(token, request) {
  const answer = await sent("explain", token, request);
  const body = await bodyOf(answer);
  const plan = answer.ok ? body : body?.extensions?.plan;
  if (plan?.steps) {
    return plan;
  }
  throw refused(answer.status, body);
}

async function sent(what, token, body) {
  const headers = { Authorization: `Bearer ${token}` };
  const post = { method: "POST", body: JSON.stringify(body), headers: { ...headers, "Content-Type": "application/json" } };
  try {
    return await send(`${base}${segment}/${what}`, body ? post : { headers });
  } catch {
    throw new Refusal("No answer", "The gateway cannot be reached. Check that it runs, and ask again.");
  }
}

async function bodyOf(answer) {
  try {
    return await answer.json();
  } catch {
    return null;
  }
}

function refused(status, body) {
  const said = body?.errors?.map((one) => one.message).join(" ") || `The gateway answered with the status ${status}.`;
  const [title, text] = {
    401: ["Token unknown", "The gateway does not know this token. Check that all of it was copied, or ask for another."],
    403: ["Not for this consumer", said],
    404: ["No such view", `There is no view ${view} for this token. Check the address, or use another token.`],
  }[status] ?? [status >= 500 ? "The gateway failed" : "Refused", said];
  return new Refusal(title, text, status);
}

function readable(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

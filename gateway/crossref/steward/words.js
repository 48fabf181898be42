// Codes in the words of stewards. What is not known here is shown as it came.
import { counted, short } from "./texts.js";

const IDENTIFIERS = {
  email: "e-mail address",
  phone: "phone number",
  tax_id: "tax number",
  national_id: "national number",
  iban: "IBAN",
};

const METHODS = {
  native: "the source says so",
  deterministic: "by a rule",
  probabilistic: "by likelihood",
  manual: "by hand",
  merge: "came by a merge",
  split: "came by a split",
  import: "by a load",
};

const KINDS = {
  key_conflict: "One key, two owners",
  shared_identifier: "A shared identifier",
  limit_exceeded: "Too many keys of a source",
  model: "Found alike by a model",
  source_says_gone: "A key is gone",
  source_says_replaced: "A key was replaced",
};

const STATUSES = { open: "Open", accepted: "Accepted", rejected: "Rejected", superseded: "Settled otherwise" };

const RULES = {
  KEY_OWNED_BY_OTHER: ({ source }) =>
    `A key of the source ${source} was to be linked to one of them; the other one has it.`,
  LIMIT_EXCEEDED: ({ source }) => `There would be more keys of the source ${source} than it allows for one customer.`,
  NON_MATCH_ASSERTED: ({ source }) =>
    `A key of the source ${source} was to come to a customer whose keys are said never to be the same person’s.`,
  SHARED_IDENTIFIER: ({ source, identifier }) =>
    `The source ${source} shows the same ${IDENTIFIERS[identifier] ?? identifier ?? "identifier"} for both of them.`,
  CUSTOMER_ERASED: () => "A write was meant for a customer who was erased.",
  CUSTOMER_RETIRED: () => "A write was meant for a customer who is retired.",
  SOURCE_SAYS_GONE: ({ source }) => `The source ${source} says that a record is gone whose key the customer has.`,
  SOURCE_SAYS_REPLACED: ({ source }) =>
    `The source ${source} says that another key has taken the place of one of the customer’s.`,
};

// What a candidate asks, by its kind, and what accepting it does: of all others, whether two are one.
const QUESTIONS = {
  limit_exceeded: { asks: "More keys than the source allows" },
  source_says_gone: {
    asks: "Is this key gone?",
    accepts: "Unlink the key",
    doing: "Unlinking…",
    does: ["The key is taken from its customer, who stays, even without any key."],
    done: "The key was unlinked.",
  },
  source_says_replaced: {
    asks: "Was this key replaced?",
    accepts: "Replace the key",
    doing: "Replacing…",
    does: [
      "The key that the source has named takes the place of the one in question.",
      "The old one still leads to the customer, and is asked for no more.",
    ],
    done: "The key was replaced.",
  },
};

const BLOCKS = {
  NON_MATCH_ASSERTED: "Keys of the two are said never to be one person’s.",
  LIMIT_EXCEEDED: "Together they would have more live keys than the source allows.",
  CUSTOMER_ERASED: "One of them was erased.",
  CUSTOMER_RETIRED: "One of them is retired.",
};

const EVENTS = {
  "customer.created": "Became a customer",
  "customer.restricted": "Restricted",
  "customer.split": "Split",
  "customer.erased": "Erased",
  "restriction.lifted": "Restriction lifted",
  "link.added": "Key linked",
  "link.closed": "Key unlinked",
  "link.moved": "Key moved",
  "key.replaced": "Key replaced",
  "non_match.asserted": "Said never to be the same person",
  "non_match.cleared": "No longer said never to be the same person",
  "identifiers.seen": "Identifiers noted",
  "identifiers.forgotten": "Identifiers forgotten",
  "identifiers.rekeyed": "Identifiers under a new secret",
  "candidate.opened": "Candidate opened",
  "candidate.decided": "Candidate decided",
  "customers.merged": "Merged",
  "merge.undone": "Merge undone",
};

export const methodOf = (method) => METHODS[method] ?? method;
export const identifierOf = (type) => IDENTIFIERS[type] ?? type;
export const kindOf = (kind) => KINDS[kind] ?? kind;
export const statusOf = (status) => STATUSES[status] ?? status;
export const eventOf = (type) => EVENTS[type] ?? type;
export const newsOf = (kind) => (QUESTIONS[kind]?.accepts ? QUESTIONS[kind] : null);
export const questionOf = ({ kind, other }) =>
  other === null ? (QUESTIONS[kind]?.asks ?? kindOf(kind)) : "Are these one person?";
export const blockOf = (code) => BLOCKS[code] ?? "Something stands in the way.";

export function ruleOf({ evidence }) {
  const rule = RULES[evidence.code];
  return rule
    ? rule({ source: "a source", ...withoutNull(evidence) })
    : "Its rule has no words here; its code stands below.";
}

// What an event tells, in one sentence; empty where its name says all.
export function sentenceOf({ type, body }) {
  const told = SENTENCES[type];
  return told ? told(body) : "";
}

const SENTENCES = {
  "customer.created": ({ links = [] }) => keysFrom(links),
  "link.added": ({ links = [] }) => keysFrom(links),
  "link.closed": ({ source }) => `A key of ${source}.`,
  "link.moved": (body) => `${keys(body.moved)} from ${short(body.from)} to ${short(body.to)}.`,
  "key.replaced": ({ source }) => `A new key of ${source} took the place of an old one.`,
  "customers.merged": (body) => `${short(body.loser)} into ${short(body.survivor)}, with ${keys(body.moved)}.`,
  "merge.undone": (body) => `${short(body.loser)} stands alone again, with ${keys(body.moved)}.`,
  "customer.split": (body) => `${keys(body.moved)} from ${short(body.from)} to ${short(body.to)}.`,
  "customer.restricted": ({ restrictions = [] }) => grounds(restrictions),
  "restriction.lifted": ({ ground }) => `Those of ${ground}.`,
  "candidate.opened": ({ kind }) => `${kindOf(kind)}.`,
  "candidate.decided": ({ status }) => `${statusOf(status)}.`,
  "non_match.asserted": ({ pair = [] }) => `A key of ${pair.map((one) => one.source).join(" and one of ")}.`,
  "non_match.cleared": ({ pair = [] }) => `A key of ${pair.map((one) => one.source).join(" and one of ")}.`,
  "identifiers.seen": ({ source, identifiers = [] }) =>
    `${counted(identifiers.length, "identifier")} shown by ${source}.`,
};

const keysFrom = (links) =>
  links.length ? `${keys(links)} of ${[...new Set(links.map((one) => one.source))].join(", ")}.` : "";
const grounds = (restrictions) =>
  restrictions.length ? `Ground ${restrictions.map((one) => one.ground).join(", ")}.` : "";
const keys = (some = []) => counted(some.length, "key");
const withoutNull = (members) => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));

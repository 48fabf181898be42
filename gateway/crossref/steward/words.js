// Codes in the words of stewards. What is not known here is shown as it came.

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

const REFUSALS = {
  UNAUTHENTICATED: ["This token is not known", "Enter it again, or ask the operator of the gateway for a new one."],
  NOT_FOUND: ["Nothing here is for this token", "Ask the operator for a token with the role steward."],
  ROLE_NEEDED: ["This needs another role", "Ask the operator of the gateway to add it to your consumer."],
  SOURCE_NOT_PERMITTED: ["This is for stewards of every source", "Ask one of them to decide it."],
  VERSION_MISMATCH: [
    "It was changed in the meantime",
    "Somebody wrote this customer since you looked. Look again, then decide.",
  ],
  KEY_OWNED_BY_OTHER: ["The key is another customer’s", "Decide the candidate that is open for it."],
  NON_MATCH_ASSERTED: [
    "These are said never to be one person",
    "If that is wrong, have it cleared first. Nothing was changed.",
  ],
  LIMIT_EXCEEDED: [
    "Too many keys of a source",
    "Choose to merge all the same, or have the source registered with a higher limit.",
  ],
  CUSTOMER_ERASED: [
    "A customer was erased",
    "There is nothing left to merge. Reject the candidate if it is still there.",
  ],
  CUSTOMER_RETIRED: [
    "A customer is retired",
    "There is nothing left to merge. Reject the candidate if it is still there.",
  ],
  MERGE_NOT_UNDOABLE: [
    "This merge can no longer be undone",
    "It was undone already, or a customer was erased since. Split off the keys that are not theirs.",
  ],
  CANDIDATE_DECIDED: ["Somebody has decided it already", "The list shows what became of it."],
  CANDIDATE_UNKNOWN: ["The candidate is gone", "One goes when a customer is erased."],
  CANDIDATE_ONE_SIDED: ["There is nobody to do this with", "Have mended what it tells of, then reject it, or merge by the ids."],
  CUSTOMER_UNKNOWN: [
    "Nobody is known by that",
    "Unknown, retired and erased customers are alike. Check what you entered.",
  ],
  MERGE_UNKNOWN: ["There is no such merge", "Load the history again."],
  VALUE_INVALID: ["Something is not in its form", "Correct it and try again."],
  IDEMPOTENCY_KEY_REUSED: ["This was sent before with other contents", "Close this and begin again."],
  RATE_LIMITED: ["Too many requests", "Wait before you try again."],
  UNAVAILABLE: ["The cross-reference cannot be reached", "Try again in a moment."],
  DEADLINE_EXCEEDED: ["It took too long", "It may be done yet. Try again: nothing is done twice."],
  INTERNAL_ERROR: ["The gateway failed", "Try again: nothing is done twice. Tell the operator if it stays so."],
  NO_ANSWER: ["There was no answer", "It may be done yet. Try again: nothing is done twice."],
  NOT_REACHED: ["The gateway cannot be reached", "Check the connection and try again: nothing is done twice."],
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

// Title and remedy of a refusal.
export function refusalOf(refusal) {
  const [title, remedy] = REFUSALS[refusal.code] ?? ["It was not done", "Correct it and try again."];
  const seconds = refusal.retryAfter === null ? null : Number.parseInt(refusal.retryAfter, 10);
  return [title, seconds > 1 ? `${remedy} In ${seconds} seconds it may work.` : remedy];
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

export const counted = (number, noun) => `${number === 0 ? "no" : number} ${noun}${number === 1 ? "" : "s"}`;

// An id as it is read at a glance: the whole one stands in its title.
export function short(id) {
  const text = String(id);
  return text.length > 20 ? `${text.slice(0, 10)}…${text.slice(-4)}` : text;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const AGES = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

export const dayOf = (at) => DAY.format(new Date(at));
export const minuteOf = (at) => MINUTE.format(new Date(at));

export function ageOf(at) {
  const seconds = (Date.now() - new Date(at)) / 1000;
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? [];
  return unit ? AGES.format(-Math.floor(seconds / length), unit) : "just now";
}

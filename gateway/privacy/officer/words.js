// Codes in the words of privacy officers. What is not known here is shown as it came.
import { counted } from "./texts.js";

const CATEGORIES = {
  "pd:Communication": "Communication",
  "pd:Contact": "Contact",
  "pd:Demographic": "Demographic",
  "pd:Financial": "Financial",
  "pd:Identifying": "Identifying",
  "pd:Preference": "Preferences",
  "pd:Professional": "Professional",
  "pd:Transactional": "Transactions",
  other: "Other personal data",
};

const MASKS = {
  all: "masked whole",
  email: "masked as an e-mail address",
  initials: "initials alone",
  last4: "the last four alone",
};

const CODES = {
  BREAK_GLASS_NOT_ALLOWED: "emergency over, or not allowed",
  BREAK_GLASS_REASON_REQUIRED: "for emergencies only",
  CONSENT_EXPIRED: "consent expired",
  CONSENT_MISSING: "no consent",
  CONSENT_REFUSED: "consent refused",
  CONSENT_UNKNOWN: "consent unknown",
  CONSENT_WITHDRAWN: "consent withdrawn",
  OBJECTION_RECORDED: "the person objected",
  OBLIGATION_UNSUPPORTED: "an obligation that is not known",
  POLICY_DENIED: "the decision point denied it",
  POLICY_UNAVAILABLE: "could not be decided",
  PURPOSE_NOT_ALLOWED: "not in this situation",
  RELATIONSHIP_REQUIRED: "no open case or interaction",
  SUBJECT_ERASED: "erased",
  SUBJECT_RESTRICTED: "restricted",
  SUBJECT_UNKNOWN: "not found",
  VALUE_MASKED: "masked",
  VERIFICATION_EXPIRED: "verification too old",
  VERIFICATION_REQUIRED: "not verified well enough",
  VERIFICATION_WRONG_SUBJECT: "verified for somebody else",
};

const LEVELS = {
  V0: "not identified",
  V1: "identified by a claim",
  V2: "verified by one factor",
  V3: "verified by two factors",
};

const OUTCOMES = { justified: "justified", unjustified: "not justified" };

const EVENTS = {
  "break-glass.carried": "A broken glass still waits for review",
  "break-glass.refused": "A glass was not broken",
  "break-glass.opened": "The glass was broken",
  "break-glass.reviewed": "A broken glass was reviewed",
  "who-saw.asked": "It was asked who saw what",
  damaged: "Lines of the audit are damaged",
};

const ARTICLES = /^A(\d+)(?:-(\d+))?(?:-([a-z]))?$/;

export const categoryOf = (category) => (category === null ? "Not personal" : (CATEGORIES[category] ?? category));
export const maskOf = (mask) => MASKS[mask] ?? `mask ${mask}`;
export const levelOf = (level) => LEVELS[level] ?? level;
export const outcomeOf = (outcome) => OUTCOMES[outcome] ?? outcome;

// A reason as a view has it: `vital-interest`.
export function reasonOf(reason) {
  const words = /^[a-z0-9-]+$/.test(reason) ? reason.replaceAll("-", " ") : reason;
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

// Somebody of a consumer, as far as the consumer has said who.
export const personOf = ({ consumer, actor }) => (actor ? `${actor} at ${consumer}` : consumer);

export const eventOf = (kind) => EVENTS[kind] ?? kind;

// A code as a record has it: several are joined, of which the first was told.
export const codeOf = (code) => code.split("+").map((one) => CODES[one] ?? one).join(", ");

// `CustomerCare` as it is read.
export const termOf = (term) => term.replaceAll(/([a-z])([A-Z])/g, (_, one, other) => `${one} ${other.toLowerCase()}`);

// `A6-1-b` as the GDPR is cited.
export function articleOf(term) {
  const [, article, paragraph, letter] = ARTICLES.exec(term) ?? [];
  return article ? `GDPR ${article}${paragraph ? `(${paragraph})` : ""}${letter ? `(${letter})` : ""}` : term;
}

export const aboutOf = ({ purpose, channel }) => termOf(purpose) + (channel === null ? "" : ` by ${channel}`);

// Seconds as they are read.
export function lastingOf(seconds) {
  const [unit, size] = [["hour", 3600], ["minute", 60]].find(([, one]) => seconds % one === 0) ?? ["second", 1];
  return counted(seconds / size, unit);
}

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
  POLICY_UNAVAILABLE: "could not be decided",
  PURPOSE_NOT_ALLOWED: "not in this situation",
  RELATIONSHIP_REQUIRED: "no open case",
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

const EVENTS = {
  "break-glass.opened": "The glass was broken",
  "break-glass.reviewed": "A broken glass was reviewed",
  "who-saw.asked": "It was asked who saw what",
};

const ARTICLES = /^A(\d+)(?:-(\d+))?(?:-([a-z]))?$/;

export const categoryOf = (category) => (category === null ? "Not personal" : (CATEGORIES[category] ?? category));
export const maskOf = (mask) => MASKS[mask] ?? `mask ${mask}`;
export const levelOf = (level) => LEVELS[level] ?? level;
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

// Refusals of the privacy officer's API in the words of people.
import { problemsIn } from "./problems.js";

const AGAIN = "Try again in a moment.";

const REFUSALS = {
  NOT_FOUND: ["It is not there", "Nothing is here for this token, or no glass was broken with this id."],
  ALREADY_REVIEWED: ["Somebody has reviewed it already", "Close this, and look at what was reviewed."],
  BAD_REQUEST: ["Something is not in its form", "Correct it and try again."],
  SUBJECT_UNKNOWN: ["Nobody is known by that", "Check what you entered. That you asked is written down."],
  AUDIT_UNAVAILABLE: ["The audit cannot be written", "What cannot be written down is not told. Tell the operator of the gateway."],
  UNAVAILABLE: ["The records cannot be read", AGAIN],
  DEADLINE_EXCEEDED: ["It took too long", "Ask for a shorter time, or try again: what was counted is kept."],
  INTERNAL_ERROR: ["The gateway failed", `${AGAIN} Tell the operator if it stays so.`],
  NO_ANSWER: ["There was no answer", AGAIN],
  NOT_REACHED: ["The gateway cannot be reached", `Check the connection. ${AGAIN}`],
};

// What tells a refusal on this page.
export const problem = problemsIn(REFUSALS);

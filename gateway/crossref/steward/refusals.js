// Refusals of the cross-reference in the words of stewards.
import { problemsIn } from "./problems.js";

const REFUSALS = {
  NOT_FOUND: ["Nothing here is for this token", "Ask the operator for a token with the role steward."],
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
  UNAVAILABLE: ["The cross-reference cannot be reached", "Try again in a moment."],
  DEADLINE_EXCEEDED: ["It took too long", "It may be done yet. Try again: nothing is done twice."],
  INTERNAL_ERROR: ["The gateway failed", "Try again: nothing is done twice. Tell the operator if it stays so."],
  NO_ANSWER: ["There was no answer", "It may be done yet. Try again: nothing is done twice."],
  NOT_REACHED: ["The gateway cannot be reached", "Check the connection and try again: nothing is done twice."],
};

// What tells a refusal on this page.
export const problem = problemsIn(REFUSALS);

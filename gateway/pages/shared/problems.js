// Refusals in the words of people: what it is, what the gateway says, what to do, and the code.
import { make, symbol } from "./elements.js";

const KNOWN = {
  UNAUTHENTICATED: ["This token is not known", "Enter it again, or ask the operator of the gateway for a new one."],
  ROLE_NEEDED: ["This needs another role", "Ask the operator of the gateway to add it to your consumer."],
  RATE_LIMITED: ["Too many requests", "Wait before you try again."],
};

// Returns what tells a refusal. `words` are a page's own: title and remedy by code, before those that every page has.
export function problemsIn(words) {
  return (refusal) => {
    const [title, remedy] = wordsOf(refusal, { ...KNOWN, ...words });
    return make(
      "div",
      { class: "problem" },
      make("strong", {}, symbol("warning"), title),
      refusal.message && make("p", {}, refusal.message),
      make("p", {}, remedy),
      make("code", {}, refusal.code),
    );
  };
}

function wordsOf(refusal, words) {
  const [title, remedy] = words[refusal.code] ?? ["It was not done", "Correct it and try again."];
  const seconds = refusal.retryAfter === null ? null : Number.parseInt(refusal.retryAfter, 10);
  return [title, seconds > 1 ? `${remedy} In ${seconds} seconds it may work.` : remedy];
}

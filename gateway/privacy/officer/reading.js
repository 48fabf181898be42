// What is read of the gateway and then shown in a place, or why it could not be.
import { button, waiting } from "./elements.js";
import { problem } from "./refusals.js";

// Returns a function that reads into `element`: `read(text, ask, show)` says that it waits for what `ask` returns, and
// then shows what `show` makes of it. A late answer is not shown in place of a later one.
export function readerInto(element) {
  let turn = 0;

  return async function read(text, ask, show) {
    const mine = (turn += 1);
    element.replaceChildren(waiting(text));
    element.setAttribute("aria-busy", "true");
    try {
      const told = await ask();
      if (mine === turn) {
        element.replaceChildren(...show(told));
      }
    } catch (refusal) {
      if (mine === turn) {
        element.replaceChildren(
          problem(refusal),
          button("Try again", () => read(text, ask, show), { class: "quiet" }),
        );
      }
    }
    element.removeAttribute("aria-busy");
  };
}

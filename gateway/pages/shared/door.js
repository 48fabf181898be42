// The door of a page: whoever enters a token gets a desk, and when they leave, all that was shown is forgotten.
import { button, make } from "./elements.js";
import { short } from "./texts.js";

// `enter(token, lost)` returns the desk that a token opens, or raises a Refusal; `lost(refusal)` ends it.
// `problem(refusal)` tells a refusal.
export function openDoor({ enter, problem }) {
  const [header, main] = [document.querySelector("header"), document.querySelector("main")];
  const result = document.querySelector("#result");
  const door = document.querySelector("#door");
  const token = document.querySelector("#token");
  const [open, problems] = [door.querySelector("button"), door.querySelector(".problems")];
  let desk = null; // null while nobody is in

  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address stays as it is
    main.focus();
  });
  door.addEventListener("submit", entered);
  window.addEventListener("pagehide", () => leave()); // a page that a browser keeps to come back to is left all the same
  token.focus();

  async function entered(event) {
    event.preventDefault();
    if (open.disabled) {
      return;
    }
    open.disabled = true;
    open.textContent = "Opening…";
    problems.replaceChildren();
    try {
      desk = await enter(token.value.trim(), leave);
      token.value = "";
      document.body.classList.add("in");
      desk.begin();
    } catch (refusal) {
      problems.replaceChildren(problem(refusal));
      token.focus();
    }
    open.disabled = false;
    open.textContent = "Open";
  }

  // Forgets the token and all that was shown. `refusal` says why, where it was not the person who left.
  function leave(refusal = null) {
    if (desk === null) {
      return;
    }
    desk = null;
    document.querySelectorAll("dialog").forEach((dialog) => dialog.remove());
    header.querySelectorAll("nav, .session").forEach((one) => one.remove());
    result.replaceChildren();
    main.replaceChildren(door);
    document.body.classList.remove("in");
    problems.replaceChildren(...(refusal === null ? [] : [problem(refusal)]));
    token.focus();
  }

  // Who is in, and how to leave; `more` stands between.
  const session = (consumer, ...more) =>
    make(
      "div",
      { class: "session" },
      make("span", { class: "state" }, consumer),
      ...more,
      button("Forget token", () => leave(), { class: "quiet" }),
    );

  return { header, main, session, tell: teller(result), desk: () => desk };
}

// Tells what came of something, to eyes and ears; it stands until something else does. Quiet texts are for ears alone.
function teller(result) {
  return (text, { written = null, after = null, more = "", isQuiet = false } = {}) => {
    const id = written && make("code", { class: "id", title: written.customer }, short(written.customer));
    const words = make("p", {}, text, id && " ", id, more && ` ${more}`);
    const content = isQuiet
      ? make("div", { class: "unseen" }, words)
      : make(
          "div",
          { class: "said" },
          words,
          after,
          button("Close", () => result.replaceChildren(), { class: "quiet close", symbolOf: "close" }),
        );
    if (isQuiet) {
      result.querySelector(".unseen")?.remove();
      result.append(content);
    } else {
      result.replaceChildren(content);
    }
  };
}

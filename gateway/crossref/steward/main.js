// The page: who comes in, where they are, and what keys of one letter do.
import { candidatesPlace } from "./candidates.js";
import { customersPlace } from "./customers.js";
import { undo } from "./decisions.js";
import { openDialog, problem } from "./dialogs.js";
import { button, make } from "./elements.js";
import { gatewayWith, Refusal } from "./gateway.js";
import { short } from "./words.js";

const header = document.querySelector("header");
const main = document.querySelector("main");
const result = document.querySelector("#result");
const door = document.querySelector("#door");
const token = document.querySelector("#token");

let desk = null; // null while nobody is in
let hasLetters = true; // whether keys of one letter do something

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address stays as it is
  main.focus();
});
door.addEventListener("submit", enter);
document.addEventListener("keydown", pressed);
window.addEventListener("pagehide", () => leave()); // a page that a browser keeps to come back to is left all the same
token.focus();

async function enter(event) {
  event.preventDefault();
  const [open, problems] = [door.querySelector("button"), door.querySelector(".problems")];
  if (open.disabled) {
    return;
  }
  open.disabled = true;
  open.textContent = "Opening…";
  problems.replaceChildren();
  const gateway = gatewayWith(token.value.trim(), leave);
  try {
    const consumer = await gateway.consumer();
    if (!consumer.roles.some((role) => role === "steward" || role === "crossref-reader")) {
      throw new Refusal(403, {
        code: "ROLE_NEEDED",
        message: "This page is for the roles steward and crossref-reader.",
      });
    }
    token.value = "";
    desk = openDesk(gateway, consumer);
  } catch (refusal) {
    problems.replaceChildren(problem(refusal));
    token.focus();
  }
  open.disabled = false;
  open.textContent = "Open";
}

// Forgets the token and all that was shown. `refusal` says why, where it was not the steward who left.
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
  door.querySelector(".problems").replaceChildren(...(refusal === null ? [] : [problem(refusal)]));
  token.focus();
}

function openDesk(gateway, consumer) {
  const isSteward = consumer.roles.includes("steward");
  // what comes when its steward has left is not told any more
  const mine = (telling) => desk?.gateway === gateway && telling();
  const made = {
    gateway,
    mayWrite: isSteward && consumer.sources.length === 0,
    whyNot: isSteward
      ? "Candidates concern keys of every source, and this token may write those of some. Ask another steward."
      : "This token may look, and not decide: that is for the role steward.",
    say: (text) => mine(() => tell(text, { isQuiet: true })),
    tell: (text) => mine(() => tell(text)),
    merged: (written) => mine(() => tell("Merged into", { written, after: undoing(written) })),
    undone: (written) => mine(() => tell("The merge was undone:", { written, more: "stands alone again." })),
    openCustomer: (customer) => {
      go("customer");
      places.customer.look(customer);
      places.customer.head.focus();
    },
    rest: () => places[where].head,
  };

  const places = { candidates: candidatesPlace(made), customer: customersPlace(made) };
  const names = { candidates: "Candidates", customer: "Customer" };
  let where = null;

  const tabs = Object.fromEntries(
    Object.entries(names).map(([name, label]) => [name, button(label, () => go(name), {})]),
  );

  function go(name) {
    if (where !== name) {
      where = name;
      Object.entries(tabs).forEach(([one, tab]) => tab.setAttribute("aria-current", one === name ? "page" : "false"));
      main.replaceChildren(places[name].element);
      places[name].show();
    }
  }

  function undoing(written) {
    return button("Undo", () => undo(made, written.seq, written.customer, { undone }), {
      class: "quiet",
      symbolOf: "undo",
      keys: "u",
    });
  }

  function undone(written) {
    made.undone(written);
    places[where].show();
  }

  header.append(
    make("nav", { "aria-label": "Places" }, ...Object.values(tabs)),
    make(
      "div",
      { class: "session" },
      make("span", { class: "state" }, consumer.consumer),
      button("Shortcuts", help, { class: "quiet", keys: "?" }),
      button("Forget token", () => leave(), { class: "quiet" }),
    ),
  );
  document.body.classList.add("in");
  go("candidates");
  places.candidates.head.focus();
  return { ...made, keys: () => places[where].keys };
}

// Tells what came of something, to eyes and ears; it stands until something else does. Quiet texts are for ears alone.
function tell(text, { written = null, after = null, more = "", isQuiet = false } = {}) {
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
}

function pressed(event) {
  const isWriting = event.target.closest?.("input:not([type=radio]):not([type=checkbox]), select, textarea");
  const isElsewhere = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
  if (desk === null || isWriting || isElsewhere || document.querySelector("dialog")) {
    return;
  }
  const letters = { "?": help, u: () => result.querySelector(".said [aria-keyshortcuts=u]")?.click(), ...desk.keys() };
  if (Object.hasOwn(letters, event.key) && (hasLetters || event.key === "?")) {
    event.preventDefault();
    letters[event.key]();
  }
}

const SHORTCUTS = [
  ["j k", "the next candidate, the one before; arrows do so in the list"],
  ["a", "they are one person: shows what a merge would do, and asks"],
  ["r", "reject: leave them as they are"],
  ["n", "never the same person"],
  ["m", "merge two customers by their ids"],
  ["s", "show the keys, hide them"],
  ["u", "undo the merge that was just made"],
  ["?", "this help"],
  ["Esc", "close a dialog"],
];

function help() {
  const rows = SHORTCUTS.map(([keys, does]) =>
    make("div", {}, make("dt", {}, ...keys.split(" ").map((key) => make("kbd", {}, key))), make("dd", {}, does)),
  );
  const box = make("input", { type: "checkbox", checked: hasLetters });
  box.addEventListener("change", () => {
    hasLetters = box.checked;
  });
  openDialog(
    desk,
    "Shortcuts",
    make("dl", { class: "shortcuts" }, ...rows),
    make(
      "label",
      { class: "choice" },
      box,
      "Shortcuts of one letter are on. Turn them off if you use this page by voice.",
    ),
  );
}

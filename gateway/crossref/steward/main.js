// The page: who comes in, where they are, and what keys of one letter do.
import { Refusal } from "./asking.js";
import { candidatesPlace } from "./candidates.js";
import { customersPlace } from "./customers.js";
import { undo } from "./decisions.js";
import { openDialog } from "./dialogs.js";
import { openDoor } from "./door.js";
import { button, make } from "./elements.js";
import { gatewayWith } from "./gateway.js";
import { problem } from "./refusals.js";

const door = openDoor({ enter, problem });

let hasLetters = true; // whether keys of one letter do something

document.addEventListener("keydown", pressed);

async function enter(token, lost) {
  const gateway = gatewayWith(token, lost);
  const consumer = await gateway.consumer();
  if (!consumer.roles.some((role) => role === "steward" || role === "crossref-reader")) {
    throw new Refusal(403, {
      code: "ROLE_NEEDED",
      message: "This page is for the roles steward and crossref-reader.",
    });
  }
  return deskOf(gateway, consumer);
}

function deskOf(gateway, consumer) {
  const isSteward = consumer.roles.includes("steward");
  // what comes when its steward has left is not told any more
  const mine = (telling) => door.desk()?.gateway === gateway && telling();
  const made = {
    gateway,
    mayWrite: isSteward && consumer.sources.length === 0,
    whyNot: isSteward
      ? "Candidates concern keys of every source, and this token may write those of some. Ask another steward."
      : "This token may look, and not decide: that is for the role steward.",
    say: (text) => mine(() => door.tell(text, { isQuiet: true })),
    tell: (text) => mine(() => door.tell(text)),
    merged: (written) => mine(() => door.tell("Merged into", { written, after: undoing(written) })),
    undone: (written) => mine(() => door.tell("The merge was undone:", { written, more: "stands alone again." })),
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
      door.main.replaceChildren(places[name].element);
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

  function begin() {
    door.header.append(
      make("nav", { "aria-label": "Places" }, ...Object.values(tabs)),
      door.session(consumer.consumer, button("Shortcuts", help, { class: "quiet", keys: "?" })),
    );
    go("candidates");
    places.candidates.head.focus();
  }

  return { ...made, begin, keys: () => places[where].keys };
}

function pressed(event) {
  const isWriting = event.target.closest?.("input:not([type=radio]):not([type=checkbox]), select, textarea");
  const isElsewhere = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
  if (door.desk() === null || isWriting || isElsewhere || document.querySelector("dialog[open]")) {
    return;
  }
  const letters = { "?": help, u: undoIt, ...door.desk().keys() };
  if (Object.hasOwn(letters, event.key) && (hasLetters || event.key === "?")) {
    event.preventDefault();
    letters[event.key]();
  }
}

const undoIt = () => document.querySelector("#result .said [aria-keyshortcuts=u]")?.click();

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
    door.desk(),
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

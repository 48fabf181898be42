// The place where candidates are decided: the list, and the one that is looked at.
import { candidateReader } from "./candidate.js";
import { button, make, waiting } from "./elements.js";
import { problem } from "./refusals.js";
import { segments } from "./segments.js";
import { ageOf, minuteOf, short } from "./texts.js";
import { kindOf, statusOf } from "./words.js";

const STATUSES = ["open", "accepted", "rejected", "superseded"];

export function candidatesPlace(desk) {
  let status = "open";
  let candidates = [];
  let next = 0;
  let listing = 0; // counts what was asked for, so that a late answer is not shown in place of a later one

  const reader = candidateReader(desk, { back, decided, renewed, gone: () => reload(here()) });
  const list = make("ul", { class: "list", "aria-label": "Candidates", on: { keydown: arrows } });
  const under = make("div", { class: "under", "aria-live": "polite" });
  const head = make("h2", { id: "candidates-title", tabindex: "-1" }, "Candidates");
  const filter = segments("status", "Which candidates", STATUSES.map((one) => [one, statusOf(one)]), status, (one) => {
    status = one;
    reload(0);
  });
  const side = make("section", { class: "side", "aria-labelledby": "candidates-title" }, head, filter, list, under);
  const element = make("div", { class: "reader" }, side, reader.element);

  // Reads the list from its beginning, and looks at the candidate at a position, unless one was chosen meanwhile.
  async function reload(position, isFocused = false) {
    const before = reader.count();
    const page = await load(0, () => reload(position, isFocused));
    if (page === null) {
      return;
    }
    candidates = page.candidates;
    show(page);
    if (before === reader.count()) {
      look(Math.min(position, candidates.length - 1), isFocused);
    }
  }

  async function more() {
    const page = await load(next, more);
    if (page !== null) {
      const first = candidates.length;
      candidates = [...candidates, ...page.candidates];
      show(page);
      rowAt(first)?.focus();
    }
  }

  // Returns a page of the list; null where it could not be read, which is shown, or something else was asked for since.
  async function load(after, again) {
    const mine = (listing += 1);
    under.replaceChildren(waiting("Loading candidates…"));
    try {
      const page = await desk.gateway.candidates(status, after);
      return mine === listing ? page : null;
    } catch (refusal) {
      if (mine === listing) {
        under.replaceChildren(problem(refusal), button("Try again", again, { class: "quiet" }));
      }
      return null;
    }
  }

  function show(page) {
    next = page.next;
    list.replaceChildren(
      ...candidates.map((candidate, position) => itemOf(candidate, () => look(position, false, true))),
    );
    under.replaceChildren(...(next === null ? [] : [button("Show more", more, { class: "quiet" })]));
    mark();
  }

  const place = () => candidates.findIndex(reader.isAt);
  const here = () => Math.max(place(), 0);
  const rowAt = (position) => list.children[position]?.firstElementChild;

  function mark() {
    const current = place();
    candidates.forEach((_, position) => rowAt(position).setAttribute("aria-current", String(position === current)));
  }

  // Looks at the candidate at a position. `isOpened` is whether somebody opened it, who then reads it on a small screen.
  async function look(position, isFocused, isOpened = false) {
    element.classList.toggle("reading", isOpened);
    if (candidates[position] === undefined) {
      reader.clear(nothingOf(status));
      if (isFocused) {
        head.focus();
      }
      return;
    }
    const looked = reader.read(candidates[position]);
    mark();
    rowAt(position).scrollIntoView({ block: "nearest" });
    if (isFocused) {
      rowAt(position).focus();
    }
    await looked;
    if (isOpened && getComputedStyle(side).display === "none") {
      reader.focus();
    }
  }

  function step(by) {
    const target = place() + by;
    if (target >= 0 && target < candidates.length) {
      look(target, true, element.classList.contains("reading"));
    }
  }

  function arrows(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined) {
      event.preventDefault();
      step(by);
    }
  }

  function back() {
    element.classList.remove("reading");
    rowAt(place())?.focus();
  }

  function decided() {
    reload(here(), true);
  }

  function renewed(candidate) {
    candidates = candidates.map((one) => (one.candidateId === candidate.candidateId ? candidate : one));
  }

  const keys = { j: () => step(1), k: () => step(-1), ...reader.keys };
  return { element, keys, head, show: () => reload(here()) };
}

function itemOf(candidate, opened) {
  const ids = [candidate.customer, candidate.other].filter((one) => one !== null).map(short);
  const opening = { datetime: candidate.openedAt, title: minuteOf(candidate.openedAt) };
  return make(
    "li",
    {},
    make(
      "button",
      { type: "button", class: "item", on: { click: opened } },
      make("strong", {}, kindOf(candidate.kind)),
      make("span", { class: "soft" }, make("time", opening, ageOf(candidate.openedAt))),
      make("span", { class: "ids" }, ...ids.map((one) => make("span", {}, one))),
      candidate.evidence.source && make("span", { class: "badge" }, String(candidate.evidence.source)),
    ),
  );
}

function nothingOf(status) {
  const [title, text] =
    status === "open"
      ? ["Nothing to decide", "Candidates open when sources disagree on whose a key is."]
      : ["None of these", "Candidates that were decided so stand here."];
  return make(
    "div",
    { class: "nothing" },
    make("span", { class: "mark large", "aria-hidden": "true" }),
    make("h2", { tabindex: "-1" }, title),
    make("p", {}, text),
  );
}

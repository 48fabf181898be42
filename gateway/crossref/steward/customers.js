// The place where one customer is looked at: what is known, what happened, and what can be undone.
import { compare } from "./comparison.js";
import { merge, undo } from "./decisions.js";
import { button, make, waiting } from "./elements.js";
import { problem } from "./refusals.js";
import { minuteOf, short } from "./texts.js";
import { eventOf, sentenceOf } from "./words.js";

export function customersPlace(desk) {
  let found = null; // whom is looked at: as asked for, and the outline, null for who is not there any more
  let entries = [];
  let turn = 0;

  const head = make("h2", { id: "customer-title", tabindex: "-1" }, "Customer");
  const id = make("input", { id: "customer-id", autocomplete: "off", spellcheck: "false", placeholder: "cus_…" });
  const source = make("input", { id: "source", autocomplete: "off", spellcheck: "false", placeholder: "crm" });
  const key = make("input", { id: "key", autocomplete: "off", spellcheck: "false" });
  const problems = make("div", { class: "problems", role: "alert" });
  const form = make(
    "form",
    { class: "finder", "aria-labelledby": "customer-title", on: { submit } },
    make("div", { class: "wide" }, make("label", { for: "customer-id" }, "Canonical id"), id),
    make("span", { class: "or" }, "or"),
    make("div", {}, make("label", { for: "source" }, "Source"), source),
    make("div", { class: "wide" }, make("label", { for: "key" }, "Its key"), key),
    make("button", { type: "submit", class: "first" }, "Look up"),
  );
  const shown = make("div", { class: "shown" });
  const past = make("section", { class: "past", "aria-labelledby": "past-title" });
  const element = make(
    "div",
    { class: "customer" },
    head,
    form,
    problems,
    make("div", { class: "found" }, shown, past),
  );

  function submit(event) {
    event.preventDefault();
    const byKey = source.value.trim() !== "" && key.value !== "";
    const by = byKey ? { source: source.value.trim(), key: key.value } : { customer: id.value.trim() };
    key.value = ""; // it may be personal, and is not needed any more
    look(by);
  }

  // Looks at whom is meant, as a look-up of the API names them.
  async function look(by) {
    const mine = (turn += 1);
    problems.replaceChildren();
    past.replaceChildren();
    shown.replaceChildren(waiting("Looking them up…"));
    try {
      const [outline, page] = await Promise.all([desk.gateway.known(by), desk.gateway.history(by, 0)]);
      if (mine === turn) {
        told(by, outline, page);
      }
    } catch (refusal) {
      if (mine === turn) {
        shown.replaceChildren();
        problems.replaceChildren(problem(refusal));
      }
    }
  }

  function told(by, outline, page) {
    const asked = by.customer ?? outline?.customer ?? "";
    found = { by: outline === null ? by : { customer: outline.customer }, outline };
    if (outline !== null) {
      id.value = outline.customer;
    }
    const card =
      outline === null && !by.customer
        ? make("p", { class: "none" }, "Nobody has this key.")
        : compare(desk, [asked], [outline], {}, merger);
    shown.replaceChildren(card);
    entries = page.entries;
    timeline(page.next);
    desk.say(
      outline === null ? "Nobody is known by that." : `Customer ${short(outline.customer)}, ${entries.length} events.`,
    );
  }

  const merger = (outline) =>
    desk.mayWrite &&
    button("Merge with another…", () => keys.m(outline), { class: "quiet", symbolOf: "merge", keys: "m" });

  function timeline(next) {
    const rows = entries.map((entry) => entryOf(entry));
    past.replaceChildren(
      make("h3", { id: "past-title", tabindex: "-1" }, "History"),
      rows.length === 0
        ? make("p", { class: "none" }, "Nothing has happened.")
        : make("ol", { class: "timeline" }, ...rows),
      ...(next === null ? [] : [button("Show what followed", () => more(next), { class: "quiet" })]),
    );
  }

  async function more(after) {
    const first = entries.length;
    past.lastElementChild.replaceWith(waiting("Loading what followed…"));
    try {
      const page = await desk.gateway.history(found.by, after);
      entries = [...entries, ...page.entries];
      timeline(page.next);
      const row = past.querySelectorAll(".timeline > li")[first];
      row?.setAttribute("tabindex", "-1");
      row?.focus();
    } catch (refusal) {
      past.lastElementChild.replaceWith(
        make(
          "div",
          {},
          problem(refusal),
          button("Try again", () => more(after), { class: "quiet" }),
        ),
      );
    }
  }

  function entryOf(entry) {
    const reasons = [entry.reasonCode, entry.reasonRef].filter((one) => one !== null);
    const sentence = sentenceOf(entry);
    return make(
      "li",
      { class: `entry is-${entry.type.replaceAll(/[^a-z]/g, "-")}` },
      make("h4", {}, eventOf(entry.type)),
      make("p", { class: "when" }, make("time", { datetime: entry.at }, minuteOf(entry.at)), ` · event ${entry.seq}`),
      sentence && make("p", { class: "what" }, sentence),
      make("p", { class: "who" }, [`by ${entry.actor}`, ...reasons].join(" · ")),
      make("div", { class: "doing" }, isUndoable(entry) && undoer(entry), details(entry)),
    );
  }

  const isUndoable = (entry) =>
    desk.mayWrite &&
    entry.type === "customers.merged" &&
    // who was merged since into somebody else, or stands alone again, is not to be had from this merge
    found.outline?.merged.includes(entry.body.loser) &&
    !entries.some((one) => one.type === "merge.undone" && one.body.merge === entry.seq);

  const undoer = (entry) =>
    button("Undo this merge", () => undo(desk, entry.seq, entry.body.loser, done), {
      class: "quiet",
      symbolOf: "undo",
    });

  function details(entry) {
    return make(
      "details",
      {},
      make("summary", {}, "What exactly"),
      make("pre", { tabindex: "0", "aria-label": "What the log holds" }, JSON.stringify(entry.body, null, 2)),
    );
  }

  const again = () => look(found.by);
  const done = {
    merged: (written) => {
      desk.merged(written);
      look({ customer: written.customer });
    },
    undone: (written) => {
      desk.undone(written);
      again();
    },
    stale: () => found && again(),
  };

  const keys = {
    m: (outline = found?.outline) => desk.mayWrite && merge(desk, [outline?.customer], outline ? [outline] : [], done),
    s: () => shown.querySelector(".shower")?.click(),
  };

  return {
    element,
    keys,
    head,
    show: () => found && again(),
    look: (customer) => look({ customer }),
  };
}

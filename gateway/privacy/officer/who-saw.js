// The place where it is asked who saw what of a customer: a timeline, the newest first.
import { button, make, symbol, waiting } from "./elements.js";
import { problem } from "./refusals.js";
import { counted, minuteOf, short } from "./texts.js";
import { articleOf, codeOf, eventOf, levelOf, termOf } from "./words.js";

const PAGE = 50;

export function whoSawPlace(desk) {
  let asked = null;
  let entries = [];
  let turn = 0; // counts what was asked for, so that a late answer is not shown in place of a later one

  const id = make("input", { id: "customer-id", autocomplete: "off", spellcheck: "false", placeholder: "cus_…" });
  const source = make("input", { id: "source", autocomplete: "off", spellcheck: "false", placeholder: "crm" });
  const key = make("input", { id: "key", autocomplete: "off", spellcheck: "false" });
  const since = make("input", { id: "since", type: "date" });
  const until = make("input", { id: "until", type: "date" });
  const problems = make("div", { class: "problems", role: "alert" });
  const form = make(
    "form",
    { class: "finder", "aria-label": "Of whom", on: { submit } },
    make("div", { class: "wide" }, make("label", { for: "customer-id" }, "Canonical id"), id),
    make("span", { class: "or" }, "or"),
    make("div", {}, make("label", { for: "source" }, "Source"), source),
    make("div", { class: "wide" }, make("label", { for: "key" }, "Its key"), key),
    make("div", {}, make("label", { for: "since" }, "From"), since),
    make("div", {}, make("label", { for: "until" }, "To"), until),
    make("button", { type: "submit", class: "first" }, "Who saw?"),
  );
  const shown = make("section", { class: "past", "aria-label": "Who saw what" });
  const head = make("h2", { tabindex: "-1" }, "Who saw");
  const note = "What was shown of one customer, to whom, when and why. That you ask is written down first.";
  const element = make("div", { class: "place" }, head, make("p", { class: "soft" }, note), form, problems, shown);

  function submit(event) {
    event.preventDefault();
    const byKey = source.value.trim() !== "" && key.value !== "";
    const by = byKey ? { source: source.value.trim(), key: key.value } : { customer: id.value.trim() };
    key.value = ""; // it may be personal, and is not needed any more
    asked = { by, first: PAGE, ...daysOf(since.value, until.value) };
    look();
  }

  async function look() {
    const mine = (turn += 1);
    problems.replaceChildren();
    shown.replaceChildren(waiting("Searching the records…"));
    try {
      const page = await desk.gateway.whoSaw(asked);
      if (mine === turn) {
        told(page);
      }
    } catch (refusal) {
      if (mine === turn) {
        shown.replaceChildren();
        problems.replaceChildren(problem(refusal));
      }
    }
  }

  function told(page) {
    asked = { ...asked, by: { customer: page.customer } };
    [id.value, source.value] = [page.customer, ""];
    entries = page.seen;
    timeline(page);
    desk.say(`${counted(entries.length, "record")} of customer ${short(page.customer)}.`);
  }

  function timeline(page) {
    shown.replaceChildren(
      make("h3", { tabindex: "-1" }, "Customer ", make("code", { class: "id" }, page.customer)),
      ...(page.knownAs.length > 1 ? [alsoKnown(page)] : []),
      entries.length === 0
        ? make("p", { class: "none" }, "No record tells of this customer in this time.")
        : make("ol", { class: "timeline" }, ...entries.map((one) => entryOf(one, page.customer))),
      ...(page.next === null ? [] : [button("Show what came before", () => more(page), { class: "quiet" })]),
    );
  }

  async function more(page) {
    const first = entries.length;
    shown.lastElementChild.replaceWith(waiting("Searching on…"));
    try {
      const next = await desk.gateway.whoSaw({ ...asked, after: page.next });
      entries = [...entries, ...next.seen];
      timeline(next);
      const row = shown.querySelectorAll(".timeline > li")[first];
      row?.setAttribute("tabindex", "-1");
      row?.focus();
    } catch (refusal) {
      const again = button("Try again", () => more(page), { class: "quiet" });
      shown.lastElementChild.replaceWith(make("div", {}, problem(refusal), again));
    }
  }

  return { element, show: () => {} };
}

// From the beginning of the first day to the end of the last one, where the officer is.
function daysOf(since, until) {
  const end = until && new Date(`${until}T00:00`);
  if (end) {
    end.setDate(end.getDate() + 1);
  }
  return {
    ...(since && { since: new Date(`${since}T00:00`).toISOString() }),
    ...(end && { until: end.toISOString() }),
  };
}

function alsoKnown({ knownAs, customer }) {
  const others = knownAs.filter((one) => one !== customer);
  const ids = others.flatMap((one, place) => [place > 0 && ", ", make("code", { class: "id" }, one)]);
  return make("p", { class: "soft" }, "Also known as ", ...ids, ".");
}

function entryOf(one, customer) {
  return make(
    "li",
    { class: `entry is-${kindOf(one)}` },
    make("h4", {}, titleOf(one), one.level && levelBadge(one.level)),
    make("p", { class: "when" }, make("time", { datetime: one.at }, minuteOf(one.at))),
    make("p", { class: "who" }, whyOf(one, customer)),
    one.isSigned === false && make("p", { class: "notice" }, symbol("warning"), "This record is not as it was written."),
    one.refused && make("p", { class: "what" }, `Nothing was shown: ${codeOf(one.refused)}.`),
    effectsOf(one),
    one.breakGlass && make("p", { class: "what" }, glassOf(one.breakGlass)),
    one.happened && make("p", { class: "what" }, happenedOf(one.happened)),
  );
}

const levelBadge = (level) => make("span", { class: `badge level of-${level}`, title: levelOf(level) }, level);

function kindOf(one) {
  if (one.breakGlass || one.kind.startsWith("break-glass")) {
    return "emergency";
  }
  return one.kind !== "request" ? "event" : one.shown || one.masked ? "shown" : "hidden";
}

const titleOf = (one) => (one.kind === "request" ? `${one.consumer ?? "Somebody"} asked ${one.view ?? "a view"}` : eventOf(one.kind));

function whyOf(one, customer) {
  const { actor, channel, journey, objective, interaction } = one.situation ?? {};
  const told = [
    one.purpose && `for ${termOf(one.purpose)}`,
    one.basis && articleOf(one.basis),
    actor && `by ${actor}`,
    one.situation?.case && `case ${one.situation.case}`,
    interaction && `interaction ${interaction}`,
    ...[channel, journey, objective],
    one.customer !== customer && `known then as ${short(one.customer)}`,
  ];
  return told.filter(Boolean).join(" · ");
}

function effectsOf({ shown = [], masked = {}, withheld = {} }) {
  const rows = [
    shown.length > 0 && ["shown", shown, ""],
    ...Object.values(masked).map((names) => ["masked", names, ""]),
    ...Object.entries(withheld).map(([codes, names]) => ["withheld", names, codeOf(codes)]),
  ].filter(Boolean);
  return (
    rows.length > 0 &&
    make(
      "dl",
      { class: "effects-of" },
      ...rows.map(([effect, names, why]) =>
        make(
          "div",
          {},
          make("dt", {}, make("span", { class: `badge is-${effect}` }, effect)),
          make("dd", {}, ...names.flatMap((name, place) => [place > 0 && ", ", make("code", {}, name)]), why && ` (${why})`),
        ),
      ),
    )
  );
}

const glassOf = ({ actor, reason, reference }) => `The glass was broken by ${actor}: ${reason}, ${reference}.`;

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

// What happened besides requests: its members are references and codes.
function happenedOf({ consumer, actor, ...others }) {
  const told = Object.entries(others).map(([name, value]) => {
    const text = String(value);
    return `${name.replaceAll("_", " ")} ${TIME.test(text) ? minuteOf(text) : text}`;
  });
  const who = actor ? `by ${actor} at ${consumer}` : consumer && `by ${consumer}`;
  return [who, ...told].filter(Boolean).join(" · ");
}

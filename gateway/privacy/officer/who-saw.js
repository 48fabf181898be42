// The place where it is asked who saw what of a customer: a timeline, the newest first.
import { actorField } from "./actor.js";
import { button, make, symbol, waiting } from "./elements.js";
import { problem } from "./refusals.js";
import { counted, minuteOf, short } from "./texts.js";
import { articleOf, codeOf, eventOf, levelOf, outcomeOf, personOf, reasonOf, termOf } from "./words.js";

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
  const actor = actorField(desk, "actor");
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
    actor.element,
    make("button", { type: "submit", class: "first" }, "Who saw?"),
  );
  const shown = make("section", { class: "past", "aria-label": "Who saw what" });
  const head = make("h2", { tabindex: "-1" }, "Who saw");
  const note = "What was shown of one customer, to whom, when and why. That you ask is written down first.";
  const element = make("div", { class: "place" }, head, make("p", { class: "soft" }, note), form, problems, shown);

  function submit(event) {
    event.preventDefault();
    const byKey = source.value.trim() !== "" && key.value !== "";
    const customer = byKey ? { [source.value.trim()]: key.value } : { id: id.value.trim() };
    key.value = ""; // it may be personal, and is not needed any more
    asked = { customer, actor: actor.taken(), first: PAGE, ...daysOf(since.value, until.value) };
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
    asked = { ...asked, customer: { id: page.customer } };
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
        ? make("p", { class: "none" }, `No record tells of this customer ${timeOf(page)}.`)
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

  return { element, show: actor.renew };
}

// A search ends at a bound; then what came before is not searched yet.
const timeOf = (page) => (page.searchedSince === null ? "in this time" : `since ${page.searchedSince}; search on`);

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
    whyOf(one, customer),
    one.isSigned === false && make("p", { class: "notice" }, symbol("warning"), damageOf(one)),
    one.refused && make("p", { class: "what" }, `Nothing was shown: ${codeOf(one.refused)}.`),
    effectsOf(one),
    one.breakGlass && glassOf(one),
    ...(one.happened ? happenedOf(one.happened) : []),
    one.review && reviewOf(one.review),
  );
}

const levelBadge = (level) => make("span", { class: `badge level of-${level}`, title: levelOf(level) }, level);

function kindOf(one) {
  if (one.breakGlass || one.kind.startsWith("break-glass") || one.kind === "damaged") {
    return "emergency";
  }
  return one.kind !== "request" ? "event" : one.shown || one.masked ? "shown" : "hidden";
}

const titleOf = (one) => (one.kind === "request" ? `${one.consumer ?? "Somebody"} asked ${one.view ?? "a view"}` : eventOf(one.kind));

function whyOf(one, customer) {
  const { channel, journey, objective, interaction } = one.situation ?? {};
  const told = [
    one.purpose && `for ${termOf(one.purpose)}`,
    one.basis && articleOf(one.basis),
    one.kind === "request" ? one.actor && `by ${one.actor}` : one.consumer && `by ${personOf(one)}`,
    one.situation?.case && `case ${one.situation.case}`,
    interaction && `interaction ${interaction}`,
    one.actingFor && `somebody acted for ${one.actingFor.map(short).join(", ")}`,
    ...[channel, journey, objective],
    one.customer !== customer && `known then as ${short(one.customer)}`,
  ];
  const text = told.filter(Boolean).join(" · ");
  return text !== "" && make("p", { class: "who" }, text);
}

function effectsOf({ shown = [], told = [], masked = {}, withheld = {} }) {
  const rows = [
    shown.length > 0 && ["shown", shown, ""],
    told.length > 0 && ["told by an order or a filter", told, ""],
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

const damageOf = ({ kind }) =>
  kind === "damaged"
    ? "These lines cannot be read, so nobody can tell whom they were about: customer-view audit verify tells more."
    : "This record is not as it was written.";

// The grant that was presented, whether it opened anything or not.
function glassOf({ breakGlass: { id, actor, reason, reference }, opened = [] }) {
  const names = opened.flatMap((name, place) => [place > 0 && ", ", make("code", {}, name)]);
  const what = opened.length > 0 ? ["opened ", ...names] : ["opened nothing"];
  return make(
    "p",
    { class: "what glass" },
    symbol("warning"),
    make("span", {}, `With a broken glass (${reasonOf(reason)}, ${reference}, by ${actor}) it `, ...what, ". ", make("code", { class: "id" }, id)),
  );
}

const reviewOf = ({ outcome, reviewedBy, reviewedAt, reference }) =>
  make(
    "p",
    { class: "what" },
    make("span", { class: `badge ${outcome === "justified" ? "good" : "bad"}` }, outcomeOf(outcome)),
    ` Reviewed by ${personOf(reviewedBy)}, ${minuteOf(reviewedAt)}, ${reference}`,
  );

// What happened besides requests: its members are references and codes.
function happenedOf({ grant, ...others }) {
  const told = Object.entries(others).map(([name, value]) => memberOf(name, String(value)));
  return [
    told.length > 0 && make("p", { class: "who" }, told.join(" · ")),
    grant && make("p", { class: "who" }, "grant ", make("code", { class: "id" }, grant)),
  ];
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;
const PLAIN = new Set(["view", "reference"]);

function memberOf(name, text) {
  if (name === "reason") {
    return reasonOf(text);
  }
  const value = TIME.test(text) ? minuteOf(text) : name === "code" ? codeOf(text) : text;
  return PLAIN.has(name) ? value : `${name.replaceAll(/[A-Z]/g, (one) => ` ${one.toLowerCase()}`)} ${value}`;
}

// The place of emergencies: what was opened waits here for its review, and stands here with what that has come to.
import { actorField } from "./actor.js";
import { openDialog } from "./dialogs.js";
import { button, make, symbol, waiting } from "./elements.js";
import { readerInto } from "./reading.js";
import { problem } from "./refusals.js";
import { segments } from "./segments.js";
import { ageOf, minuteOf } from "./texts.js";
import { outcomeOf, personOf, reasonOf } from "./words.js";

const LISTS = [
  ["waiting", "To review"],
  ["reviewed", "Reviewed"],
];
const READING = { waiting: "Reading what waits…", reviewed: "Reading what was reviewed…" };

export function emergenciesPlace(desk) {
  let which = "waiting";
  let openings = [];

  const head = make("h2", { tabindex: "-1" }, "Emergencies");
  const note = "What a view shows in emergencies only was opened. Of whom it was is told where the reference leads.";
  const choices = segments("list", "Which emergencies", LISTS, which, (one) => {
    which = one;
    show();
  });
  const content = make("div", { class: "shown" });
  const heads = make("div", { class: "heads" }, head, choices);
  const element = make("div", { class: "place" }, heads, make("p", { class: "soft" }, note), content);
  const read = readerInto(content);

  function show() {
    openings = [];
    return read(READING[which], () => desk.gateway[which](null), told);
  }

  function told(page) {
    openings = [...openings, ...page[which]];
    desk.say(saidOf(which, openings.length, page.next !== null));
    if (openings.length === 0) {
      return [nothing(which)];
    }
    const cards = openings.map((one) => cardOf(one, reviewed));
    const label = LISTS.find(([one]) => one === which)[1];
    return [
      make("ul", { class: "emergencies", "aria-label": label }, ...cards),
      ...(page.next === null ? [] : [button("Show more", () => more(page.next), { class: "quiet" })]),
    ];
  }

  async function more(after) {
    const before = [...content.children];
    const asked = which;
    content.lastElementChild.replaceWith(waiting("Reading on…"));
    try {
      const page = await desk.gateway[asked](after);
      if (asked === which) {
        const first = openings.length;
        content.replaceChildren(...told(page));
        const card = content.querySelectorAll(".card")[first];
        card?.setAttribute("tabindex", "-1");
        card?.focus();
      }
    } catch (refusal) {
      if (asked === which) {
        content.replaceChildren(before[0], problem(refusal), button("Try again", () => more(after), { class: "quiet" }));
      }
    }
  }

  function reviewed(one) {
    const renewed = async () => {
      await show();
      head.focus();
    };
    const done = async (outcome) => {
      await renewed();
      desk.tell(`Reviewed, and written down: ${outcomeOf(outcome)}.`);
    };
    review(desk, one, done, renewed);
  }

  return { element, show };
}

function saidOf(which, number, hasMore) {
  const glasses = number === 1 ? "one broken glass" : `${number === 0 ? "no" : number} broken glasses`;
  return `${hasMore ? "The first " : ""}${glasses} ${which === "waiting" ? "to review" : "reviewed"}.`;
}

function cardOf(one, opened) {
  const facts = [
    ["Reference", make("code", {}, one.reference)],
    ["By", personOf(one)],
    ["View", make("code", {}, one.view)],
    ["Opened", timeOf(one.brokenAt)],
    ["Open until", timeOf(one.until)],
    ["Review by", timeOf(one.reviewBy)],
    ["Grant", make("code", { class: "id" }, one.id), "whole"],
  ];
  return make(
    "li",
    { class: `card ${one.isOverdue ? "overdue" : ""}` },
    make("h3", {}, reasonOf(one.reason), standingOf(one)),
    make("dl", { class: "facts" }, ...facts.map(([name, fact, wide = null]) => make("div", { class: wide }, make("dt", {}, name), make("dd", {}, fact)))),
    one.outcome === undefined
      ? make("div", { class: "doing" }, button("Review…", () => opened(one), { class: "first", "aria-label": `Review ${one.id}` }))
      : verdictOf(one),
  );
}

function standingOf(one) {
  if (one.outcome !== undefined) {
    return make("span", { class: `badge ${one.outcome === "justified" ? "good" : "bad"}` }, outcomeOf(one.outcome));
  }
  return one.isOverdue
    ? make("span", { class: "badge bad" }, symbol("warning"), "review overdue")
    : make("span", { class: "soft" }, ageOf(one.brokenAt));
}

const verdictOf = (one) =>
  make(
    "div",
    { class: "verdict" },
    make("p", {}, `Reviewed by ${personOf(one.reviewedBy)}, `, timeOf(one.reviewedAt)),
    make("p", { class: "soft" }, "Told at ", make("code", {}, one.reviewReference)),
  );

const timeOf = (at) => make("time", { datetime: at }, minuteOf(at));

// Asks what the review has come to, and writes it down. `gone` is called where somebody else was faster.
function review(desk, one, done, gone) {
  const outcomes = [
    ["justified", "Justified: the reason holds"],
    ["unjustified", "Not justified: it should not have been opened"],
  ];
  const radios = outcomes.map(([value, label]) => {
    const input = make("input", { type: "radio", name: "outcome", value, required: true });
    return make("label", { class: "choice" }, input, label);
  });
  const reference = make("input", {
    id: "review-reference",
    autocomplete: "off",
    required: true,
    maxlength: "100",
    pattern: "[A-Za-z0-9._:\\/#\\-]+",
    placeholder: "DPO-9",
    title: "Letters, digits and . _ : / # -, such as DPO-9",
  });
  const actor = actorField(desk, "review-actor");
  const problems = make("div", { class: "problems", role: "alert" });
  const confirm = make("button", { type: "submit", class: "first" }, "Write it down");
  const form = make(
    "form",
    { on: { submit } },
    make("p", {}, `${personOf(one)} opened ${one.view} on ${minuteOf(one.brokenAt)}: ${reasonOf(one.reason)}, `, make("code", {}, one.reference), "."),
    make("fieldset", { class: "outcomes" }, make("legend", {}, "What it has come to"), ...radios),
    make(
      "div",
      {},
      make("label", { for: "review-reference" }, "Reference, where the review is told"),
      reference,
      make("p", { class: "note" }, "It stays in the audit for good: a number, nothing personal."),
    ),
    actor.element,
    problems,
    make("div", { class: "ending" }, button("Cancel", () => dialog.close(), { class: "quiet" }), confirm),
  );
  const dialog = openDialog(desk, "Review an emergency", form);

  async function submit(event) {
    event.preventDefault();
    if (confirm.disabled) {
      return;
    }
    confirm.disabled = true;
    problems.replaceChildren();
    const outcome = new FormData(form).get("outcome");
    try {
      await desk.gateway.review(one.id, { outcome, reference: reference.value.trim(), actor: actor.taken() });
      dialog.close();
      await done(outcome);
    } catch (refusal) {
      problems.replaceChildren(problem(refusal));
      if (refusal.code === "ALREADY_REVIEWED") {
        problems.append(make("p", { class: "what" }, foundOf(refusal.about)));
        dialog.addEventListener("close", gone, { once: true });
      }
    }
    confirm.disabled = false;
  }
}

const foundOf = ({ outcome, reviewedBy, reviewedAt, reference }) =>
  `Found ${outcomeOf(outcome)} by ${personOf(reviewedBy)}, ${minuteOf(reviewedAt)}, ${reference}.`;

const NOTHING = {
  waiting: ["Nothing waits for review", "Every glass that was broken was reviewed, or none was broken."],
  reviewed: ["Nothing was reviewed yet", "What a review has come to stands here, for as long as the audit keeps its records."],
};

function nothing(which) {
  const [title, text] = NOTHING[which];
  return make(
    "div",
    { class: "nothing" },
    make("span", { class: "mark large", "aria-hidden": "true" }),
    make("h2", {}, title),
    make("p", {}, text),
  );
}

// The place of emergencies: what was opened waits here for its review.
import { openDialog } from "./dialogs.js";
import { button, make, symbol } from "./elements.js";
import { readerInto } from "./reading.js";
import { problem } from "./refusals.js";
import { ageOf, counted, minuteOf } from "./texts.js";

export function emergenciesPlace(desk) {
  const head = make("h2", { tabindex: "-1" }, "Emergencies");
  const note = "What a view shows in emergencies only was opened. Of whom it was is told where the reference leads.";
  const content = make("div", { class: "shown" });
  const element = make("div", { class: "place" }, head, make("p", { class: "soft" }, note), content);
  const read = readerInto(content);

  const show = () => read("Reading what waits…", () => desk.gateway.waiting(), told);

  function told({ waiting }) {
    desk.say(`${counted(waiting.length, "broken glass").replace("glasss", "glasses")} to review.`);
    return waiting.length === 0
      ? [nothing()]
      : [make("ul", { class: "emergencies", "aria-label": "To review" }, ...waiting.map((one) => cardOf(one, reviewed)))];
  }

  function reviewed(one) {
    review(desk, one, async (outcome) => {
      await show();
      head.focus();
      desk.tell(`Reviewed, and written down: ${outcome}.`);
    });
  }

  return { element, show };
}

function cardOf(one, opened) {
  const facts = [
    ["Reference", make("code", {}, one.reference)],
    ["By", `${one.actor} at ${one.consumer}`],
    ["View", make("code", {}, one.view)],
    ["Opened", timeOf(one.brokenAt)],
    ["Open until", timeOf(one.until)],
    ["Review by", timeOf(one.reviewBy)],
    ["Grant", make("code", { class: "id" }, one.id)],
  ];
  return make(
    "li",
    { class: `card ${one.isOverdue ? "overdue" : ""}` },
    make(
      "h3",
      {},
      one.reason,
      one.isOverdue
        ? make("span", { class: "badge bad" }, symbol("warning"), "review overdue")
        : make("span", { class: "soft" }, ageOf(one.brokenAt)),
    ),
    make("dl", { class: "facts" }, ...facts.map(([name, fact]) => make("div", {}, make("dt", {}, name), make("dd", {}, fact)))),
    make("div", { class: "doing" }, button("Review…", () => opened(one), { class: "first", "aria-label": `Review ${one.id}` })),
  );
}

const timeOf = (at) => make("time", { datetime: at }, minuteOf(at));

// Asks what the review has come to, and writes it down.
function review(desk, one, done) {
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
    pattern: "[!-~]+",
    placeholder: "DPO-9",
    title: "Visible characters without blanks, such as DPO-9",
  });
  const problems = make("div", { class: "problems", role: "alert" });
  const confirm = make("button", { type: "submit", class: "first" }, "Write it down");
  const form = make(
    "form",
    { on: { submit } },
    make("p", {}, `${one.actor} at ${one.consumer} opened ${one.view} on ${minuteOf(one.brokenAt)}: ${one.reason}, `, make("code", {}, one.reference), "."),
    make("fieldset", { class: "outcomes" }, make("legend", {}, "What it has come to"), ...radios),
    make(
      "div",
      {},
      make("label", { for: "review-reference" }, "Reference, where the review is told"),
      reference,
      make("p", { class: "note" }, "It stays in the audit for good: a number, nothing personal."),
    ),
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
      await desk.gateway.review(one.id, { outcome, reference: reference.value.trim() });
      dialog.close();
      await done(outcome);
    } catch (refusal) {
      problems.replaceChildren(problem(refusal));
    }
    confirm.disabled = false;
  }
}

function nothing() {
  return make(
    "div",
    { class: "nothing" },
    make("span", { class: "mark large", "aria-hidden": "true" }),
    make("h2", {}, "Nothing waits for review"),
    make("p", {}, "What was opened in the last 90 days was reviewed, or nothing was opened."),
  );
}

// The place of use: which consumer has used which view, how often, by day, and what was not shown.
import { bars } from "./bars.js";
import { make, symbol } from "./elements.js";
import { readerInto } from "./reading.js";
import { segments } from "./segments.js";
import { counted, dayOf } from "./texts.js";
import { codeOf, levelOf } from "./words.js";

const PERIODS = [
  [7, "7 days"],
  [30, "30 days"],
  [90, "90 days"],
  [365, "a year"],
];
const FEW = 5;
const NUMBER = new Intl.NumberFormat("en-GB");

export function usePlace(desk) {
  let days = 30;

  const head = make("h2", { tabindex: "-1" }, "Use");
  const choices = segments("period", "Of how many days", PERIODS, days, (one) => {
    days = one;
    show();
  });
  const content = make("div", { class: "shown" });
  const element = make("div", { class: "place" }, make("div", { class: "heads" }, head, choices), content);
  const read = readerInto(content);

  const show = () => read("Counting the records…", () => desk.gateway.usage(days), told);

  function told(usage) {
    desk.say(`${counted(sumOf(usage.uses, "requests"), "request")} in ${counted(days, "day")}.`);
    return [...changedOf(usage), ...(usage.uses.length === 0 ? [nothing(usage)] : [totals(usage), ...cards(usage)])];
  }

  return { element, show };
}

const sumOf = (uses, name) => uses.reduce((sum, one) => sum + one[name], 0);

function changedOf({ changed }) {
  const said = `${counted(changed, "record")} not as written, and not counted: customer-view audit verify tells more.`;
  return changed === 0 ? [] : [make("p", { class: "notice" }, symbol("warning"), said)];
}

function totals({ uses }) {
  const told = [
    ["requests", "requests", "all"],
    ["refused", "refused", "part"],
    ["look-ups of customers", "lookups"],
    ["with a broken glass", "opened"],
  ];
  return make(
    "dl",
    { class: "totals" },
    ...told.map(([name, what, colour]) =>
      make("div", {}, make("dt", { class: colour }, name), make("dd", {}, NUMBER.format(sumOf(uses, what)))),
    ),
  );
}

// A card for each view, the most used first, in it the consumers.
function cards({ uses, since, until }) {
  const days = daysOf(since, until);
  const views = byView(uses);
  const highest = Math.max(...uses.flatMap((one) => one.days.map((day) => day.requests)));
  return [...views]
    .sort(([, one], [, other]) => sumOf(other, "requests") - sumOf(one, "requests"))
    .map(([view, some]) => cardOf(view, some, days, highest));
}

function byView(uses) {
  const groups = new Map();
  uses.forEach((one) => groups.set(one.view, [...(groups.get(one.view) ?? []), one]));
  return groups;
}

function daysOf(since, until) {
  const days = [];
  for (const day = new Date(`${since}T12:00Z`); day <= new Date(`${until}T12:00Z`); day.setUTCDate(day.getUTCDate() + 1)) {
    days.push(day.toISOString().slice(0, 10));
  }
  return days;
}

function cardOf(view, uses, days, highest) {
  const name = view ?? "No view of theirs";
  return make(
    "section",
    { class: "card", "aria-label": name },
    make("h3", {}, view === null ? name : make("code", {}, view), make("span", { class: "soft" }, requestsOf(uses))),
    ...uses.map((one) => usedBy(one, days, highest)),
  );
}

const requestsOf = (uses) => counted(sumOf(uses, "requests"), "request");

function usedBy(one, days, highest) {
  const by = new Map(one.days.map((day) => [day.day, day]));
  const counts = days.map((day) => ({ all: by.get(day)?.requests ?? 0, part: by.get(day)?.refused ?? 0 }));
  const label = `${counted(one.requests, "request")} of ${one.consumer} from ${dayOf(days[0])} to ${dayOf(days.at(-1))}`;
  return make(
    "div",
    { class: "used" },
    make(
      "div",
      { class: "who-used" },
      make("strong", {}, one.consumer),
      make("span", { class: "soft" }, numbersOf(one)),
    ),
    make(
      "figure",
      {},
      bars(counts, highest, label),
      make("figcaption", { class: "soft" }, make("span", {}, dayOf(days[0])), make("span", {}, dayOf(days.at(-1)))),
    ),
    make("div", { class: "told-of" }, levelsOf(one), withheldOf(one), eachDay(one)),
  );
}

function numbersOf(one) {
  const told = [
    counted(one.requests, "request"),
    counted(one.lookups, "look-up"),
    one.refused > 0 && `${NUMBER.format(one.refused)} refused`,
    one.opened > 0 && `${NUMBER.format(one.opened)} with a broken glass`,
  ];
  return told.filter(Boolean).join(" · ");
}

function levelsOf({ levels }) {
  const told = Object.entries(levels).filter(([, number]) => number > 0);
  return (
    told.length > 0 &&
    make(
      "p",
      { class: "chips" },
      ...told.map(([level, number]) =>
        make("span", { class: `badge level of-${level}`, title: levelOf(level) }, `${level} ${NUMBER.format(number)}`),
      ),
    )
  );
}

// What was not shown, by the reason, the most frequent first.
function withheldOf({ withheld, hidden }) {
  const fields = Object.entries(withheld).map(([code, number]) => [code, number, "withheld"]);
  const customers = Object.entries(hidden).map(([code, number]) => [code, number, "not shown"]);
  const told = [...customers, ...fields].slice(0, FEW);
  return (
    told.length > 0 &&
    make(
      "ul",
      { class: "reasons-of" },
      ...told.map(([code, number, word]) =>
        make("li", { title: code }, make("b", {}, NUMBER.format(number)), ` ${word}: ${codeOf(code)}`),
      ),
    )
  );
}

function eachDay({ days }) {
  return make(
    "details",
    {},
    make("summary", {}, "Each day"),
    make(
      "table",
      {},
      make("thead", {}, make("tr", {}, ...["Day", "Requests", "Refused"].map((one) => make("th", { scope: "col" }, one)))),
      make(
        "tbody",
        {},
        ...days.map((one) =>
          make(
            "tr",
            {},
            make("th", { scope: "row" }, dayOf(one.day)),
            make("td", {}, NUMBER.format(one.requests)),
            make("td", {}, NUMBER.format(one.refused)),
          ),
        ),
      ),
    ),
  );
}

function nothing({ since, until }) {
  return make(
    "div",
    { class: "nothing" },
    make("span", { class: "mark large", "aria-hidden": "true" }),
    make("h2", {}, "Nothing was asked"),
    make("p", {}, `No request is recorded from ${dayOf(since)} to ${dayOf(until)}.`),
  );
}

// The place of views: what each is for and on which ground, and its coordinates by what they tell of a person.
import { button, make, symbol } from "./elements.js";
import { readerInto } from "./reading.js";
import { counted, dayOf } from "./texts.js";
import { aboutOf, articleOf, categoryOf, lastingOf, levelOf, maskOf, termOf } from "./words.js";

export function viewsPlace(desk) {
  let views = [];
  let looked = null; // the name of the view that is looked at

  const head = make("h2", { id: "views-title", tabindex: "-1" }, "Views");
  const list = make("ul", { class: "list", "aria-labelledby": "views-title", on: { keydown: arrows } });
  const summary = make("p", { class: "soft" });
  const side = make("section", { class: "side" }, head, summary, list);
  const detail = make("section", { class: "detail", "aria-label": "The view" });
  const two = make("div", { class: "reader" }, side, detail);
  const element = make("div", {});
  const read = readerInto(element);

  const show = () => read("Reading the views…", () => desk.gateway.views(), told);

  function told(answer) {
    views = answer.views;
    if (views.length === 0) {
      return [nothing()];
    }
    summary.textContent = summaryOf(views);
    list.replaceChildren(...views.map((one) => make("li", {}, itemOf(one, () => look(one, true)))));
    look(views.find((one) => one.view === looked) ?? views[0]);
    return [two];
  }

  // `isOpened` is whether somebody opened it, who then reads it on a small screen.
  function look(one, isOpened = false) {
    looked = one.view;
    two.classList.toggle("reading", isOpened);
    views.forEach((each, place) =>
      list.children[place].firstElementChild.setAttribute("aria-current", String(each === one)),
    );
    detail.replaceChildren(...detailOf(one, back));
    if (isOpened && getComputedStyle(side).display === "none") {
      detail.querySelector("h2").focus();
    }
  }

  const here = () => views.findIndex((one) => one.view === looked);

  function back() {
    two.classList.remove("reading");
    list.children[here()].firstElementChild.focus();
  }

  function arrows(event) {
    const target = views[here() + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0)];
    if (target && target.view !== looked) {
      event.preventDefault();
      look(target);
      list.children[here()].firstElementChild.focus();
    }
  }

  return { element, show };
}

function summaryOf(views) {
  const overdue = views.filter((one) => one.reviewIsOverdue).length;
  return `${counted(views.length, "published view")}, ${overdue === 0 ? "no review" : counted(overdue, "review")} overdue.`;
}

function itemOf(one, opened) {
  return make(
    "button",
    { type: "button", class: "item", on: { click: opened } },
    make("strong", {}, one.title),
    make("code", { class: "soft" }, one.view),
    make("span", { class: "soft" }, termOf(one.purpose.term)),
    one.reviewIsOverdue
      ? make("span", { class: "badge bad" }, "overdue")
      : !one.isNewest && make("span", { class: "badge" }, one.standing === "in use" ? "older" : one.standing),
  );
}

function detailOf(one, back) {
  return [
    make(
      "div",
      { class: "top" },
      button("All views", back, { class: "quiet back", symbolOf: "back" }),
      make("p", { class: "over" }, one.view),
      make("h2", { tabindex: "-1" }, one.title, ...badgesOf(one)),
      make("p", { class: "about" }, one.description),
    ),
    factsOf(one),
    make("p", { class: "soft" }, "A field is shown only where the field that it stands in is shown, too."),
    ...one.groups.map((group) => groupOf(group)),
    measuresOf(one.measures),
  ];
}

function badgesOf(one) {
  const isSensitive = one.groups.some((group) => group.isSensitive);
  return [
    make("span", { class: `badge ${one.standing === "in use" ? "good" : ""}` }, one.standing),
    one.reviewIsOverdue && make("span", { class: "badge bad" }, symbol("warning"), "review overdue"),
    isSensitive && make("span", { class: "badge warm" }, "special categories"),
    one.breakGlass && make("span", { class: "badge warm" }, "emergencies"),
  ].filter(Boolean);
}

function factsOf(one) {
  const facts = [
    ["Purpose", make("strong", {}, termOf(one.purpose.term)), one.purpose.meaning],
    ["Ground", make("strong", {}, articleOf(one.basis.term)), one.basis.meaning],
    ["Never for", one.prohibited.map(termOf).join(", ")],
    ["Owner", one.owner],
    ["Next review", make("time", { datetime: one.reviewBy }, dayOf(one.reviewBy)), one.reviewIsOverdue && "overdue"],
    ["Valid", validityOf(one)],
    ["Asked by", one.consumers.join(", ")],
    ["Recipients", one.recipients.join(", ")],
    ["Consent", one.consent && `to ${aboutOf(one.consent)}, for every field but the id`],
    ["Objection", one.objection && `to ${aboutOf(one.objection)} counts`],
    ["Impact assessment", one.impactAssessment],
    ["Emergencies", one.breakGlass && glassOf(one.breakGlass)],
  ];
  const rows = facts
    .map(([name, ...told]) => [name, told.filter(Boolean)])
    .filter(([, told]) => told.length > 0)
    .map(([name, told]) => make("div", {}, make("dt", {}, name), make("dd", {}, ...told.map((part) => lineOf(part)))));
  return make("dl", { class: "facts" }, ...rows);
}

const lineOf = (part) => make("span", {}, part);

function validityOf({ validFrom, validUntil }) {
  const days = [validFrom && `from ${dayOf(validFrom)}`, validUntil && `until ${dayOf(validUntil)}`];
  return days.filter(Boolean).join(" ");
}

const glassOf = ({ roles, reasons, minutes, reviewHours }) =>
  `opened by ${roles.join(" or ")} for ${counted(minutes, "minute")}, for ${reasons.join(" or ")}; reviewed within ` +
  counted(reviewHours, "hour");

function groupOf(group) {
  return make(
    "section",
    { class: `group ${group.isSensitive ? "sensitive" : ""}` },
    make(
      "div",
      { class: "kind" },
      make("h3", {}, categoryOf(group.category), make("span", { class: "badge" }, String(group.fields.length))),
      make("p", { class: "soft" }, group.meaning),
    ),
    make("ul", { class: "fields-of" }, ...group.fields.map((one) => fieldOf(one))),
  );
}

function fieldOf(one) {
  return make(
    "li",
    {},
    make("div", { class: "what" }, make("code", {}, one.coordinate), one.title && make("span", {}, one.title)),
    make("div", { class: "when-shown" }, ...rulesOf(one)),
  );
}

function rulesOf(one) {
  const least = Number(one.min.slice(1));
  return [
    one.isSensitive && make("span", { class: "badge warm" }, "special category"),
    least > 0 && make("span", { class: `badge level of-${one.min}`, title: levelOf(one.min) }, `from ${one.min}`),
    one.maxAge !== null && make("span", { class: "badge" }, `verified within ${lastingOf(one.maxAge)}`),
    one.below !== null && make("span", { class: "badge" }, `below: ${maskOf(one.below)}`),
    one.mask !== null && make("span", { class: "badge" }, maskOf(one.mask)),
    one.consent && make("span", { class: "badge" }, `consent to ${aboutOf(one.consent)}`),
    one.objection && make("span", { class: "badge" }, `no objection to ${aboutOf(one.objection)}`),
    one.relationship === "open-case" && make("span", { class: "badge" }, "an open case"),
    one.relationship === "active-interaction" && make("span", { class: "badge" }, "an interaction that goes on"),
    one.situations.length > 0 && make("span", { class: "badge" }, `only ${one.situations.join(", ")}`),
    one.needsBrokenGlass && make("span", { class: "badge warm" }, "emergencies only"),
  ].filter(Boolean);
}

function measuresOf(measures) {
  return make(
    "details",
    { class: "measures" },
    make("summary", {}, "How it is protected, in words"),
    make("ul", {}, ...measures.map((one) => make("li", {}, one))),
  );
}

function nothing() {
  return make(
    "div",
    { class: "nothing" },
    make("span", { class: "mark large", "aria-hidden": "true" }),
    make("h2", { tabindex: "-1" }, "No view is published"),
    make("p", {}, "Nothing of a customer can be asked here. A view stands in this list once it is published."),
  );
}

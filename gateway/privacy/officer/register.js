// The place of the register: the record of processing activities (GDPR article 30), to be read, printed and kept.
import { button, make } from "./elements.js";
import { readerInto } from "./reading.js";
import { problem } from "./refusals.js";
import { counted, dayOf } from "./texts.js";
import { articleOf, categoryOf, termOf } from "./words.js";

const FORMS = [
  ["markdown", "Markdown", "md", "text/markdown"],
  ["csv", "CSV", "csv", "text/csv"],
  ["json", "JSON", "json", "application/json"],
];

export function registerPlace(desk) {
  const problems = make("div", { class: "problems", role: "alert" });
  const content = make("div", { class: "shown" });
  const element = make(
    "div",
    { class: "place" },
    make(
      "div",
      { class: "heads" },
      make("h2", { tabindex: "-1" }, "Register"),
      make(
        "div",
        { class: "doing", role: "group", "aria-label": "Keep it" },
        ...FORMS.map(([format, label, suffix, type]) =>
          button(label, () => keep(format, suffix, type), { class: "quiet", symbolOf: "down" }),
        ),
        button("Print", () => window.print(), { class: "quiet", symbolOf: "print" }),
      ),
    ),
    problems,
    content,
  );
  const read = readerInto(content);

  const show = () => read("Making the record…", () => desk.gateway.register(), (told) => [recordOf(told)]);

  // Saves the record as a file.
  async function keep(format, suffix, type) {
    problems.replaceChildren();
    try {
      const text = await desk.gateway.registerAs(format);
      const url = URL.createObjectURL(new Blob([text], { type }));
      make("a", { href: url, download: `record-of-processing.${suffix}` }).click();
      setTimeout(() => URL.revokeObjectURL(url));
      desk.tell(`The record was saved as record-of-processing.${suffix}.`);
    } catch (refusal) {
      problems.replaceChildren(problem(refusal));
    }
  }

  return { element, show };
}

function recordOf(told) {
  const { controller, activities } = told;
  return make(
    "article",
    { class: "record" },
    make(
      "div",
      { class: "front" },
      make("h3", {}, "Record of processing activities"),
      make("p", { class: "soft" }, `GDPR article 30(1), as it stands on ${dayOf(told.madeOn)}. ${counted(activities.length, "activity").replace("activitys", "activities")}.`),
      listOf([
        ["Controller", controller.name ?? lacking("CUSTOMER_VIEW_CONTROLLER")],
        ["Reached at", controller.contact ?? lacking("CUSTOMER_VIEW_CONTROLLER_CONTACT")],
        ["Data-protection officer", controller.dataProtectionOfficer ?? lacking("CUSTOMER_VIEW_DATA_PROTECTION_OFFICER")],
        ["Retention", told.retention],
        ["Security, for all of them", bulletsOf(told.measures)],
      ]),
    ),
    ...(told.notSaid.length === 0 ? [] : [lackOf(told.notSaid)]),
    ...activities.map((one) => activityOf(one)),
  );
}

const lacking = (setting) => make("span", { class: "lacking" }, "not said; set ", make("code", {}, setting));

const notSaid = () => make("span", { class: "lacking" }, "not said");

// What article 30 asks and nobody has said: for whom it is to mend, and how.
function lackOf(gaps) {
  return make(
    "section",
    { class: "lack card" },
    make("h3", {}, "Not complete yet", make("span", { class: "badge warm" }, String(gaps.length))),
    make("p", {}, "GDPR article 30 asks for these, and nobody has said them."),
    make(
      "ul",
      { class: "lacks" },
      ...gaps.map((one) =>
        make(
          "li",
          {},
          make("p", {}, make("strong", {}, one.what.slice(0, 1).toUpperCase() + one.what.slice(1)), " ", make("span", { class: "soft" }, one.article)),
          make("p", { class: "soft" }, one.view && make("code", {}, one.view), one.view && ", ", `${one.owner ?? "the gateway’s operator"}: ${one.mend}`),
        ),
      ),
    ),
  );
}

function activityOf(one) {
  const { purpose, lawfulBasis } = one;
  return make(
    "section",
    { class: "activity card" },
    make(
      "h3",
      {},
      one.title,
      make("code", { class: "soft" }, one.view),
      make("span", { class: "badge" }, one.standing),
      one.reviewIsOverdue && make("span", { class: "badge bad" }, "review overdue"),
    ),
    make("p", {}, one.description),
    listOf([
      ["Purpose", `${termOf(purpose.dpv)}: ${purpose.meaning}`],
      ["Never for", one.prohibitedPurposes.map(termOf).join(", ")],
      ["Lawful basis", `${articleOf(lawfulBasis.gdpr)}: ${lawfulBasis.meaning}`],
      ["Processing", one.processing.map(termOf).join(", ")],
      ["Data subjects", one.dataSubjects.map(termOf).join(", ")],
      ["Personal data", one.personalData.length > 0 && categoriesOf(one.personalData)],
      ["Other fields", one.otherFields.length > 0 && namesOf(one.otherFields)],
      ["Recipients", one.recipients.join(", ") || notSaid()],
      ["Consumers", one.consumers.join(", ")],
      ["Transfers", one.transfers === null ? notSaid() : transfersOf(one.transfers)],
      ["Retention", one.retention ?? notSaid()],
      ["Security", bulletsOf(one.measures)],
      ["Owner", one.owner],
      ["Next review", dayOf(one.reviewBy)],
      ["Impact assessment", one.impactAssessment],
    ]),
  );
}

function listOf(rows) {
  const told = rows.filter(([, what]) => what);
  return make("dl", { class: "facts" }, ...told.map(([name, what]) => make("div", {}, make("dt", {}, name), make("dd", {}, what))));
}

const bulletsOf = (texts) => make("ul", { class: "bullets" }, ...texts.map((one) => make("li", {}, one)));

const namesOf = (names) =>
  make("span", { class: "names" }, ...names.flatMap((one, place) => [place > 0 && ", ", make("code", {}, one)]));

function categoriesOf(categories) {
  return make(
    "ul",
    { class: "categories" },
    ...categories.map((one) =>
      make(
        "li",
        {},
        make("strong", {}, categoryOf(one.category ?? "other")),
        one.specialCategories.length > 0 && make("span", { class: "badge warm" }, "special categories"),
        namesOf(one.fields),
      ),
    ),
  );
}

const transfersOf = (transfers) =>
  transfers.length === 0
    ? "none outside the European Economic Area"
    : bulletsOf(transfers.map((one) => `${one.recipient}, ${one.country}: ${articleOf(one.safeguard)}`));

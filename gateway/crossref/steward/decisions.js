// What a steward decides: a merge, its undoing, that two stay two, and that they do so for good.
import { decide } from "./deciding.js";
import { button, make, symbol } from "./elements.js";
import { counted, short } from "./texts.js";
import { blockOf } from "./words.js";

// Accepts a candidate: its two customers are merged, and the oldest survives. `shown` are the outlines on the page.
export function accept(desk, candidate, shown, done) {
  const force = forceField();
  return decide(desk, {
    title: "They are one person",
    confirm: "Merge them",
    doing: "Merging…",
    look: () => desk.gateway.preview({ customers: [candidate.customer, candidate.other] }),
    ...merging(force, shown, done.stale),
    send: (body, looked, key) =>
      desk.gateway.accept(candidate.candidateId, force.into(shownOf(looked, body)), { key, version: looked.version }),
    done: (written) => done.merged(written),
  });
}

// Accepts what a source has said of a key: `news` are the words for it.
export function acceptNews(desk, candidate, shown, news, done) {
  return decide(desk, {
    title: news.accepts,
    confirm: news.accepts,
    doing: news.doing,
    look: () => standing(desk, candidate, shown),
    describe: (looked) =>
      [looked.isChanged && changed(done.stale), ...news.does.map((text) => make("p", {}, text))].filter(Boolean),
    isPossible: () => true,
    send: (body, looked, key) => desk.gateway.accept(candidate.candidateId, body, { key, version: looked.version }),
    done: () => done.accepted(news),
    stale: done.stale,
  });
}

// Where the first customer of a candidate stands, and whether that is not what was shown.
async function standing(desk, candidate, shown) {
  const told = await desk.gateway.outline({ customer: candidate.customer });
  const before = shown.find((one) => one?.customer === told.customer);
  return { version: told.version, isChanged: before !== undefined && before.version !== told.version };
}

// Merges two customers by their ids; `ids` are those that are known already.
export function merge(desk, ids, shown, done) {
  const force = forceField();
  const [first, second] = [idField("first", ids[0]), idField("second", ids[1])];
  const survivor = survivorField();
  return decide(desk, {
    title: "Merge two customers",
    confirm: "Merge them",
    doing: "Merging…",
    fields: (look) => {
      const [one, other] = [first.element, second.element];
      const again = button("Look at what it would do", look, { class: "quiet" });
      for (const field of [one, other, survivor.element]) {
        field.addEventListener("change", () => first.value() && second.value() && look());
      }
      if (ids[0] && ids[1]) {
        queueMicrotask(look);
      }
      return [make("div", { class: "pair" }, one, other), survivor.element, again];
    },
    look: () => desk.gateway.preview(survivor.pair(first.value(), second.value())),
    ...merging(force, shown, done.stale),
    send: (body, looked, key) => {
      const pair = { loser: looked.loser, survivor: looked.survivor };
      return desk.gateway.merge({ ...pair, ...force.into(shownOf(looked, body)) }, { key, version: looked.version });
    },
    done: (written) => done.merged(written),
  });
}

// Leaves the two of a candidate as they are; with `isForGood` their keys are never one person's from then on.
export function reject(desk, candidate, shown, isForGood, done) {
  return decide(desk, {
    title: isForGood ? "Never the same person" : "Leave them as they are",
    confirm: isForGood ? "Never the same person" : "Reject the candidate",
    doing: "Deciding…",
    tone: isForGood ? "bad" : "",
    look: () => standing(desk, candidate, shown),
    describe: (looked) =>
      [
        looked.isChanged && changed(done.stale),
        ...(isForGood ? FOR_GOOD : FOR_NOW).map((text) => make("p", {}, text)),
      ].filter(Boolean),
    isPossible: () => true,
    send: (body, looked, key) =>
      desk.gateway.reject(candidate.candidateId, { ...body, nonMatch: isForGood }, { key, version: looked.version }),
    done: () => done.rejected(isForGood),
    stale: done.stale,
  });
}

const FOR_NOW = [
  "Nothing is linked, moved or merged. The candidate is closed as rejected.",
  "The same question may come again, with the next write that raises it.",
];

const FOR_GOOD = [
  "Nothing is moved. From now on each key of the one is never the same person’s as each of the other’s: of both, the first ten.",
  "No load, link or merge brings them together, and the question does not come again. It can be cleared by the API or the command line alone.",
];

// Undoes the merge of this number; `customer` is one of the two ids that it made one.
export function undo(desk, seq, customer, done) {
  return decide(desk, {
    title: "Undo the merge",
    confirm: "Undo it",
    doing: "Undoing…",
    look: () => desk.gateway.outline({ customer }),
    describe: (looked) => [
      make(
        "p",
        {},
        "The id that was merged by event ",
        make("code", { class: "id" }, String(seq)),
        " will be a customer of its own again.",
      ),
      make("p", {}, "The keys that it brought go back to it, but for those that were moved or unlinked since."),
      make(
        "p",
        {},
        "Now all of them are with ",
        id(looked.customer),
        `, who has ${counted(looked.links.length, "key")}.`,
      ),
    ],
    isPossible: () => true,
    send: (body, looked, key) => desk.gateway.undo(seq, body, { key, version: looked.version }),
    done: (written) => done.undone(written),
    stale: done.stale,
  });
}

// The body of a merge that is done only if the loser, too, is as the preview has shown.
const shownOf = (looked, body) => ({ ...body, loserVersion: looked.loserVersion });

// What a merge and the acceptance of a candidate share: how a preview is told, and when it can be confirmed.
function merging(force, shown, stale) {
  const blocks = ({ conflicts }) => conflicts.filter((one) => !(one.code === "LIMIT_EXCEEDED" && force.isOn()));
  return {
    describe: (looked, changedHere) => describe(looked, shown, force, changedHere, stale),
    isPossible: (looked) => looked.loser !== looked.survivor && blocks(looked).length === 0,
    stale,
  };
}

function describe(looked, shown, force, changedHere, stale) {
  if (looked.loser === looked.survivor) {
    return [make("p", {}, "Both lead to ", id(looked.survivor), " already: there is nothing to merge.")];
  }
  const versions = { [looked.survivor]: looked.version, [looked.loser]: looked.loserVersion };
  const isChanged = shown.some((one) => one && one.customer in versions && one.version !== versions[one.customer]);
  const moved = Object.entries(looked.linksBySource);
  return [
    isChanged && changed(stale),
    make(
      "p",
      { class: "flow" },
      id(looked.loser),
      make("span", { class: "leads" }, "will lead to"),
      id(looked.survivor),
    ),
    make(
      "ul",
      { class: "effects" },
      make(
        "li",
        {},
        moved.length
          ? `Moves ${moved.map(([source, count]) => `${counted(count, "key")} of ${source}`).join(", ")}`
          : "Moves no key",
      ),
      looked.restrictions.length > 0 &&
        make(
          "li",
          {},
          `Restrictions that will hold for all keys: ${looked.restrictions.map((one) => one.ground).join(", ")}`,
        ),
      looked.candidates.length > 0 &&
        make("li", {}, `Settles ${counted(looked.candidates.length, "candidate")} between the two`),
      make("li", {}, "It can be undone"),
    ),
    ...looked.conflicts.map((conflict) => block(conflict)),
    looked.conflicts.some((one) => one.code === "LIMIT_EXCEEDED") && force.element(changedHere),
  ].filter(Boolean);
}

function block(conflict) {
  return make(
    "div",
    { class: "problem" },
    make("strong", {}, symbol("warning"), "Something stands in the way"),
    make("p", {}, blockOf(conflict.code), conflict.source && ` It is about the source ${conflict.source}.`),
    make("code", {}, conflict.code),
  );
}

function changed(stale) {
  stale?.();
  return make(
    "p",
    { class: "notice" },
    symbol("warning"),
    "It was changed since it was shown; behind this it is shown anew.",
  );
}

const id = (text) => make("code", { class: "id", title: text }, short(text));

function idField(which, value) {
  const input = make("input", {
    id: `id-${which}`,
    value: value ?? "",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "cus_…",
    required: true,
  });
  const element = make("div", {}, make("label", { for: `id-${which}` }, `The ${which} customer’s id`), input);
  return { element, value: () => input.value.trim() };
}

function survivorField() {
  const options = [
    ["oldest", "The oldest"],
    ["first", "The first"],
    ["second", "The second"],
  ];
  const choices = options.map(([value, label], position) =>
    make(
      "label",
      { class: "choice" },
      make("input", { type: "radio", name: "survivor", value, checked: position === 0 }),
      label,
    ),
  );
  const element = make("fieldset", { class: "choices" }, make("legend", {}, "Whose id stays in use"), ...choices);
  return {
    element,
    pair: (first, second) =>
      ({
        oldest: { customers: [first, second] },
        first: { loser: second, survivor: first },
        second: { loser: first, survivor: second },
      })[element.querySelector(":checked").value],
  };
}

function forceField() {
  let box = null;
  return {
    element: (changedHere) => {
      box = make("input", { type: "checkbox", id: "force", on: { change: changedHere } });
      return make("label", { class: "choice" }, box, "Merge all the same. A candidate will tell of it.");
    },
    isOn: () => box?.checked === true,
    into: (body) => (box?.checked ? { ...body, force: true } : body),
  };
}

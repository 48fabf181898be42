// One candidate as it is looked at: what it asks and by which evidence, whom it is about, and what can be decided.
import { compare } from "./comparison.js";
import { accept, acceptNews, merge, reject } from "./decisions.js";
import { button, make, waiting } from "./elements.js";
import { problem } from "./refusals.js";
import { minuteOf, short } from "./texts.js";
import { kindOf, newsOf, questionOf, ruleOf, statusOf } from "./words.js";

// `told` says what the list does: back() shows it, decided() reads it again and goes on, renewed(candidate) takes what
// became of a candidate, and gone() is for one that is there no more.
export function candidateReader(desk, told) {
  let candidate = null;
  let shown = []; // the outlines of its customers, null for one of whom nothing is known
  let reading = 0; // counts what was asked for, so that a late answer is not shown in place of a later one

  const element = make("section", { class: "detail", "aria-label": "The candidate" });

  async function read(one) {
    const mine = (reading += 1);
    [candidate, shown] = [one, []];
    element.replaceChildren(titleOf(one, told.back), waiting("Looking at both…"));
    try {
      const asked = [one.customer, one.other].filter((customer) => customer !== null);
      const outlines = await Promise.all(asked.map((customer) => desk.gateway.known({ customer })));
      if (mine === reading) {
        shown = outlines;
        const cards = compare(desk, asked, outlines, one.evidence, historyOf);
        element.replaceChildren(titleOf(one, told.back), evidenceOf(one), cards, decidingOf());
      }
    } catch (refusal) {
      if (mine === reading) {
        const again = button("Try again", () => read(one), { class: "quiet" });
        element.replaceChildren(titleOf(one, told.back), problem(refusal), again);
      }
    }
  }

  // Reads the candidate again that is looked at: somebody else may have decided it.
  async function renew() {
    const { candidateId } = candidate;
    try {
      const one = await desk.gateway.candidate(candidateId);
      told.renewed(one);
      if (candidate?.candidateId === candidateId) {
        await read(one);
      }
    } catch {
      told.gone();
    }
  }

  function clear(content) {
    reading += 1;
    [candidate, shown] = [null, []];
    element.replaceChildren(content);
  }

  const historyOf = (outline) =>
    button("History", () => desk.openCustomer(outline.customer), { class: "quiet", symbolOf: "history" });

  const isOpen = () => desk.mayWrite && candidate?.status === "open" && shown.length > 0;
  const isTwo = () => isOpen() && candidate.other !== null;
  const isAcceptable = () => isOpen() && !shown.includes(null) && (isTwo() || newsOf(candidate.kind) !== null);

  function decidingOf() {
    if (candidate.status !== "open") {
      return make("p", { class: "decided" }, decisionOf(candidate));
    }
    if (!desk.mayWrite) {
      return make("p", { class: "decided" }, desk.whyNot);
    }
    const news = newsOf(candidate.kind);
    const accepting = { class: "first", symbolOf: "check", keys: "a", disabled: !isAcceptable() };
    return make(
      "div",
      { class: "actions", role: "group", "aria-label": "Decide" },
      (isTwo() || news !== null) && button(news?.accepts ?? "Same person", keys.a, accepting),
      button("Reject", keys.r, { symbolOf: "close", keys: "r" }),
      isTwo() && button("Never the same", keys.n, { symbolOf: "apart", keys: "n" }),
      button("Merge…", keys.m, { symbolOf: "merge", keys: "m" }),
    );
  }

  const done = {
    merged: (written) => {
      desk.merged(written);
      told.decided();
    },
    accepted: (news) => {
      desk.tell(news.done);
      told.decided();
    },
    rejected: (isForGood) => {
      desk.tell(isForGood ? "They are never the same person from now on." : "Rejected: both are left as they are.");
      told.decided();
    },
    stale: () => candidate !== null && renew(),
  };

  function acceptIt() {
    const news = newsOf(candidate.kind);
    return news === null ? accept(desk, candidate, shown, done) : acceptNews(desk, candidate, shown, news, done);
  }

  // Shows the keys of the customer in whose card the focus is, else those of both; or hides them.
  function showKeys() {
    const card = element.contains(document.activeElement) ? document.activeElement.closest(".card") : null;
    (card ?? element).querySelectorAll(".shower").forEach((shower) => shower.click());
  }

  // What shortcuts of one letter do here.
  const keys = {
    a: () => isAcceptable() && acceptIt(),
    r: () => isOpen() && reject(desk, candidate, shown, false, done),
    n: () => isTwo() && reject(desk, candidate, shown, true, done),
    m: () =>
      desk.mayWrite &&
      merge(
        desk,
        shown.map((one) => one?.customer),
        shown,
        done,
      ),
    s: showKeys,
  };

  return {
    element,
    keys,
    read,
    clear,
    isAt: (one) => candidate?.candidateId === one.candidateId,
    count: () => reading,
    focus: () => element.querySelector("h2")?.focus(),
  };
}

function titleOf(candidate, back) {
  const status = make("span", { class: `badge is-${candidate.status}` }, statusOf(candidate.status));
  return make(
    "div",
    { class: "top" },
    button("All candidates", back, { class: "quiet back", symbolOf: "back" }),
    make("p", { class: "over" }, kindOf(candidate.kind)),
    make("h2", { tabindex: "-1" }, questionOf(candidate), status),
  );
}

function evidenceOf(candidate) {
  const { candidateId, evidence, grade, kind, openedAt, openedSeq, score } = candidate;
  const facts = [
    ["Rule", make("code", {}, String(evidence.code ?? kind))],
    ["Grade", score === null ? grade : `${grade}, ${score}`],
    ["Opened", make("time", { datetime: openedAt, title: openedAt }, minuteOf(openedAt))],
    ["Event", String(openedSeq)],
    ["Candidate", make("code", { class: "id", title: candidateId }, short(candidateId))],
  ];
  return make(
    "div",
    { class: "evidence" },
    make("p", {}, ruleOf(candidate)),
    make("dl", {}, ...facts.map(([name, fact]) => make("div", {}, make("dt", {}, name), make("dd", {}, fact)))),
  );
}

const decisionOf = ({ status, decidedBy, decidedSeq }) =>
  `${statusOf(status)} by ${decidedBy ?? "nobody known"}, event ${decidedSeq}.`;

// Customers side by side: what is known of each without any key; keys are fetched when a steward asks for them.
import { button, make, symbol } from "./elements.js";
import { problem } from "./refusals.js";
import { counted, dayOf, minuteOf, short } from "./texts.js";
import { identifierOf, methodOf } from "./words.js";

const MASK = "••••••••";

// `asked` are the ids that were asked for and `outlines` what is known of them, null where nothing is. `evidence` names
// the source in question, and perhaps the link; `beside` gives the button that stands beside the one that shows the keys
// of an outline. Rows of the cards stand in line: both have the same ones.
export function compare(desk, asked, outlines, evidence, beside) {
  const sources = sourcesOf(outlines, evidence.source);
  const cards = outlines.map((outline, position) =>
    outline === null
      ? nobody(asked[position])
      : card(desk, asked[position], outline, outlines, sources, evidence, beside),
  );
  const element = make("div", { class: `cards of-${cards.length}` }, ...cards);
  element.style.setProperty("--rows", String(sources.length + 3)); // sources, and what stands around them
  return element;
}

function sourcesOf(outlines, disputed) {
  const names = outlines.flatMap((outline) => outline?.links.map((link) => link.source) ?? []);
  return [...new Set(names)].sort(
    (one, other) => (other === disputed) - (one === disputed) || one.localeCompare(other),
  );
}

function nobody(asked) {
  return make(
    "article",
    { class: "card gone" },
    make("h3", {}, make("code", { class: "id", title: asked }, short(asked))),
    make("p", {}, "Nothing is known by this id: it is unknown, retired or erased, which are alike."),
  );
}

function card(desk, asked, outline, outlines, sources, evidence, beside) {
  const revealed = make("div", { class: "problems", role: "alert" });
  const masks = new Map();
  const lists = sources.map((source) => sourceOf(source, outline, masks, evidence));
  return make(
    "article",
    { class: "card", "aria-label": `Customer ${short(outline.customer)}` },
    heading(asked, outline, outlines),
    ...lists,
    besides(outline),
    make("div", { class: "doing" }, revealing(desk, outline, masks, revealed), beside(outline), revealed),
  );
}

function heading(asked, outline, outlines) {
  const others = outlines.filter((one) => one !== null && one.customer !== outline.customer);
  const isOldest = others.length > 0 && others.every((one) => outline.createdAt < one.createdAt);
  return make(
    "div",
    { class: "heading" },
    make(
      "h3",
      {},
      make("code", { class: "id", title: outline.customer }, short(outline.customer)),
      isOldest && make("span", { class: "badge" }, "the oldest"),
    ),
    make(
      "p",
      { class: "soft" },
      `Customer since ${dayOf(outline.createdAt)} · version ${outline.version} · ${counted(outline.links.length, "key")}`,
    ),
    asked !== outline.customer &&
      make(
        "p",
        { class: "notice" },
        symbol("merge"),
        make("code", { class: "id", title: asked }, short(asked)),
        " was merged and leads here.",
      ),
  );
}

function sourceOf(source, outline, masks, evidence) {
  const isDisputed = source === evidence.source;
  const links = outline.links.filter((link) => link.source === source);
  return make(
    "section",
    { class: `source ${isDisputed ? "disputed" : ""}` },
    make("h4", {}, source, isDisputed && make("span", { class: "badge warm" }, "in question")),
    links.length === 0
      ? make("p", { class: "none" }, "No key")
      : make("ul", { class: "links" }, ...links.map((link) => linkOf(link, masks, evidence))),
  );
}

function linkOf(link, masks, evidence) {
  const isLive = link.status === "live";
  const mask = make(
    "code",
    { class: "key" },
    make("span", { "aria-hidden": "true" }, MASK),
    make("span", { class: "unseen" }, "a key, not shown"),
  );
  if (isLive) {
    masks.set(link.linkId, mask);
  }
  const confidence = link.confidence < 1 ? ` · ${Math.round(link.confidence * 100)} %` : "";
  return make(
    "li",
    {},
    make(
      "div",
      {},
      mask,
      !isLive && make("span", { class: "badge" }, link.status),
      link.linkId === evidence.link && make("span", { class: "badge warm" }, "this key"),
    ),
    make(
      "p",
      { class: "soft" },
      `since ${dayOf(link.since)} · ${link.assertedBy} · ${methodOf(link.method)}${confidence}`,
    ),
  );
}

// A button that shows the keys of a customer, and hides them again. They are read when it is pressed.
function revealing(desk, outline, masks, problems) {
  const hidden = new Map([...masks].map(([linkId, mask]) => [linkId, [...mask.childNodes]]));
  let isShown = false;
  const label = () => shower.querySelector("span");

  async function pressed() {
    problems.replaceChildren();
    shower.disabled = true;
    try {
      const keys = isShown ? null : await desk.gateway.keys(outline.customer);
      isShown = keys !== null;
      for (const [linkId, mask] of masks) {
        mask.replaceChildren(...(isShown ? [keys.get(linkId) ?? "not there any more"] : hidden.get(linkId)));
        mask.classList.toggle("open", isShown);
      }
      label().textContent = isShown ? "Hide keys" : "Show keys";
      desk.say(isShown ? `The keys of ${short(outline.customer)} are shown.` : "The keys are hidden.");
    } catch (refusal) {
      problems.replaceChildren(problem(refusal));
    }
    shower.disabled = false;
    shower.focus();
  }

  const shower = button("Show keys", pressed, { class: "quiet shower", symbolOf: "eye", disabled: masks.size === 0 });
  return shower;
}

function besides(outline) {
  const told = [
    [
      "Identifiers",
      outline.identifiers.map((one) => `${identifierOf(one.type)} from ${one.source}, ${dayOf(one.seenAt)}`),
    ],
    [
      "Restrictions",
      outline.restrictions.map((one) => `${one.ground}: ${one.coordinates.join(", ")}, since ${minuteOf(one.since)}`),
    ],
    ["Leading here", outline.merged.map(short)],
  ];
  const rows = told.flatMap(([name, entries]) => [
    make("dt", {}, name),
    make(
      "dd",
      {},
      entries.length === 0
        ? make("span", { class: "none" }, "None")
        : make("ul", {}, ...entries.map((entry) => make("li", {}, entry))),
    ),
  ]);
  return make(
    "dl",
    { class: "besides" },
    ...rows,
    !outline.isWhole && make("dd", { class: "notice" }, "The first 1,000 keys are shown."),
  );
}

// What is decided is looked at first, then confirmed, and done once.
import { newKey } from "./asking.js";
import { openDialog } from "./dialogs.js";
import { button, make, waiting } from "./elements.js";
import { problem } from "./refusals.js";

// A dialog that decides something. `told` says:
//   title, confirm, doing      words: of the dialog, of its button, of the button while it is done
//   tone                       "bad" for what leaves traces
//   fields                     elements above the preview, told with `look` as what to call when they have changed
//   look()                     reads what it would do; raises a Refusal
//   describe(looked)           elements that tell it; `isPossible(looked)` whether it can be confirmed
//   send(body, looked, once)   does it
//   done(written)              is called when it is done, after the dialog has closed
//   stale()                    is called when the customer was changed in between
export function decide(desk, told) {
  let looked = null;
  let sending = null; // what was sent without an answer: it is sent again as it was, so that it is done once
  let isBusy = false;

  const preview = make("div", { class: "preview", "aria-live": "polite" });
  const problems = make("div", { class: "problems", role: "alert" });
  const [code, reference, reasons] = reasonFields();
  const confirm = make("button", { type: "submit", class: `first ${told.tone ?? ""}` }, told.confirm);
  const cancel = button("Cancel", () => dialog.close(), { class: "quiet" });
  const fields = make("div", { class: "fields" }, ...(told.fields?.(lookAgain) ?? []));
  const form = make(
    "form",
    { on: { submit } },
    fields,
    preview,
    reasons,
    problems,
    make("div", { class: "ending" }, cancel, confirm),
  );
  const dialog = openDialog(desk, told.title, form);
  dialog.addEventListener("cancel", (event) => isBusy && event.preventDefault());
  allow(false);
  if (!told.fields) {
    look();
  }

  function allow(isAllowed) {
    confirm.setAttribute("aria-disabled", String(!isAllowed));
  }

  function lookAgain() {
    problems.replaceChildren();
    return look();
  }

  async function look() {
    looked = null;
    sending = null;
    freeze(false);
    allow(false);
    preview.replaceChildren(waiting("Looking at what it would do…"));
    try {
      const found = await told.look();
      looked = found;
      preview.replaceChildren(...told.describe(found, () => allow(told.isPossible(found))));
      allow(told.isPossible(found));
    } catch (refusal) {
      preview.replaceChildren();
      problems.replaceChildren(problem(refusal));
    }
  }

  async function submit(event) {
    event.preventDefault();
    if (isBusy || confirm.getAttribute("aria-disabled") === "true") {
      return;
    }
    busy(true);
    problems.replaceChildren();
    sending ??= { body: bodyOf(code, reference), looked, key: newKey() };
    try {
      const written = await told.send(sending.body, sending.looked, sending.key);
      dialog.close();
      told.done(written);
    } catch (refusal) {
      busy(false);
      await refused(refusal);
    }
  }

  async function refused(refusal) {
    problems.replaceChildren(problem(refusal));
    freeze(refusal.isUncertain);
    if (refusal.isUncertain) {
      return;
    }
    sending = null;
    const isInTheWay = refusal.status === 409 || refusal.status === 412;
    if (isInTheWay || refusal.code.startsWith("CANDIDATE_")) {
      told.stale?.();
      allow(false);
    }
    if (isInTheWay) {
      await look();
      confirm.focus();
    }
  }

  function busy(isNow) {
    isBusy = isNow;
    dialog.classList.toggle("busy", isNow);
    confirm.textContent = isNow ? told.doing : told.confirm;
    confirm.setAttribute("aria-busy", String(isNow));
    dialog.querySelector(".close").disabled = isNow;
    cancel.disabled = isNow;
  }

  // What may have been done is only ever asked again, with the same contents.
  function freeze(isFrozen) {
    for (const field of form.querySelectorAll("input, select")) {
      field.disabled = isFrozen;
    }
    confirm.textContent = isFrozen ? "Try again" : told.confirm;
  }

  return dialog;
}

function reasonFields() {
  const code = make("input", { id: "reason-code", maxlength: "64", autocomplete: "off", list: "reasons" });
  const reference = make("input", { id: "reason-ref", maxlength: "128", autocomplete: "off" });
  const known = ["duplicate", "wrong-person", "household", "test-data"];
  const fields = make(
    "div",
    { class: "reasons" },
    make("div", {}, make("label", { for: "reason-code" }, "Reason, a short code"), code),
    make("div", {}, make("label", { for: "reason-ref" }, "Reference, a ticket’s number"), reference),
    make(
      "datalist",
      { id: "reasons" },
      known.map((one) => make("option", { value: one })),
    ),
    make(
      "p",
      { class: "note" },
      "Both may be left out. They stay in the history for good: no names, nothing personal.",
    ),
  );
  return [code, reference, fields];
}

function bodyOf(code, reference) {
  const given = { reasonCode: code.value.trim(), reasonRef: reference.value.trim() };
  return Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ""));
}

// Windows over the page.
import { button, make } from "./elements.js";

let count = 0;

// A window over the page. When it closes, the focus goes back to where it was, or else to what `desk` names. The browser
// tells of it later: somebody who presses keys may have gone on by then.
export function openDialog(desk, title, ...content) {
  const before = document.activeElement;
  const name = `dialog-${(count += 1)}`;
  const dialog = make(
    "dialog",
    { "aria-labelledby": name },
    make(
      "div",
      { class: "title" },
      make("h2", { id: name, tabindex: "-1" }, title),
      button("Close", () => dialog.close(), { class: "quiet close", symbolOf: "close" }),
    ),
    ...content,
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (document.activeElement === document.body) {
      (before?.isConnected ? before : desk.rest()).focus();
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("h2").focus();
  return dialog;
}

// A choice of one among a few, side by side.
import { make } from "./elements.js";

// Returns a group of radio buttons, `choices` their values and labels; `picked(value)` is called when another is chosen.
export function segments(name, legend, choices, chosen, picked) {
  const labels = choices.map(([value, label]) => {
    const input = make("input", { type: "radio", name, value, checked: value === chosen, on: { change: () => picked(value) } });
    return make("label", {}, input, make("span", {}, label));
  });
  return make("fieldset", { class: "segments" }, make("legend", { class: "unseen" }, legend), ...labels);
}

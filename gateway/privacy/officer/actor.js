// Who sits here, as the organisation refers to them: asked once, and kept for as long as the token is.
import { make } from "./elements.js";

// Returns the field, and what is entered there, which is then kept.
export function actorField(desk, id) {
  const input = make("input", {
    id,
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    maxlength: "100",
    pattern: "[A-Za-z0-9._:\\/#\\-]+",
    placeholder: "e-4711",
    title: "Letters, digits and . _ : / # -, such as e-4711",
  });

  const renew = () => {
    input.value = desk.officer.actor;
  };
  const taken = () => {
    desk.officer.actor = input.value.trim();
    return desk.officer.actor;
  };
  renew();
  return { element: make("div", {}, make("label", { for: id }, "Your reference"), input), renew, taken };
}

// A password that is new: the same field wherever one is chosen.
import { html } from "./html.js";
import { Field } from "./parts.js";

/** `shortest`: how many characters it needs; the assistant says so too. */
export function NewPassword({ value, set, label = "New password", shortest = 10 }) {
  return html`<${Field}
    label=${label}
    type="password"
    value=${value}
    set=${set}
    hint=${`At least ${shortest} characters; three unrelated words are good.`}
    autocomplete="new-password"
    required
    minlength=${shortest}
    maxlength="200"
  />`;
}

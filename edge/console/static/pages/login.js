import { html } from "../lib/html.js";
import { Empty } from "../lib/parts.js";

export function Page() {
  return html`<${Empty} title="Not there yet" />`;
}

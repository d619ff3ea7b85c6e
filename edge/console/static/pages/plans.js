// Timers, alarms, reminders, lists, routines, and commands that wait for their time.
import { html } from "../lib/html.js";
import { Alarms, Later, Reminders } from "./plans/agenda.js";
import { Lists } from "./plans/lists.js";
import { Routines } from "./plans/routines.js";
import { Timers } from "./plans/timers.js";

export function Page({ rest }) {
  return html`<div class="plans">
    <${Timers} />
    <${Lists} first=${rest[0] === "lists" ? decodeURIComponent(rest[1] ?? "") : ""} />
    <${Alarms} />
    <${Reminders} />
    <${Routines} />
    <${Later} />
  </div>`;
}

// Alarms, reminders, and commands that wait for their time.
import { del, patch, post } from "../../lib/api.js";
import { html, useState } from "../../lib/html.js";
import { again, dayName, DAYS, today, useKept, when } from "../../lib/kept.js";
import { Badge, Button, Card, Choice, Dialog, Field, Trouble, Waiting } from "../../lib/parts.js";

const REPEATS = [
  ["", "Once"],
  ["day", "Every day"],
  ["week", "On days of the week"],
  ["month", "Every month"],
  ["year", "Every year"],
];

export const Alarms = () =>
  html`<${Agenda}
    what="alarms"
    title="Alarms"
    one="alarm"
    hint="Say “wake me at seven every weekday”."
    label="What it is for"
  />`;

export const Reminders = () =>
  html`<${Agenda}
    what="reminders"
    title="Reminders"
    one="reminder"
    hint="Say “remind me to call mum tomorrow at six”."
    label="What to remind of"
    required
  />`;

function Agenda({ what, title, one, hint, label, required = false }) {
  const entries = useKept(`/v1/${what}`, what);
  const [edited, setEdited] = useState(null);
  const open = html`<${Button} run=${() => setEdited({})}>Add ${one}<//>`;
  return html`<${Card} title=${title} actions=${open}>
    ${entries.error && html`<${Trouble} error=${entries.error} retry=${entries.again} />`}
    ${!entries.value && !entries.error && html`<${Waiting} />`}
    ${entries.value?.length === 0 && html`<p class="soft">There is none. ${hint}</p>`}
    <ul class="plain stack">
      ${entries.value?.map(
        (entry) =>
          html`<${Entry} key=${entry.id} path=${`/v1/${what}/${entry.id}`} entry=${entry} one=${one} edit=${setEdited} />`,
      )}
    </ul>
    ${
      edited &&
      html`<${Editor}
        path=${`/v1/${what}`}
        one=${one}
        label=${label}
        required=${required}
        entry=${edited}
        close=${() => setEdited(null)}
      />`
    }
  <//>`;
}

function Entry({ path, entry, one, edit }) {
  const name = entry.text || `${one} ${when(entry.at)}`;
  return html`<li class="plan">
    <div class="row spread">
      <h3>${entry.text || when(entry.at)}</h3>
      ${entry.ringing && html`<${Badge} tone="warn">rings<//>`} ${entry.snoozed && html`<${Badge}>snoozed<//>`}
    </div>
    <p class="soft">${[entry.text && when(entry.at), again(entry.every)].filter(Boolean).join(", ")}</p>
    <div class="row">
      ${
        entry.ringing &&
        html`<${Button} kind="main" label=${`Stop ${name}`} run=${() => post(`${path}/stop`)}>Stop<//>
          <${Button} label=${`Snooze ${name}`} run=${() => post(`${path}/snooze`)}>Snooze<//>`
      }
      <${Button} label=${`Edit ${name}`} run=${() => edit(entry)}>Edit<//>
      <${Button} kind="danger" label=${`Delete ${name}`} run=${() => del(path)}>Delete<//>
    </div>
  </li>`;
}

/** Of a new entry where `entry` has no id. */
function Editor({ path, one, label, required, entry, close }) {
  const [date, time] = entry.at ? [entry.at.slice(0, 10), entry.at.slice(11, 16)] : [today(1), "07:00"];
  const started = { text: entry.text ?? "", date, time, unit: entry.every?.unit ?? "", days: entry.every?.days ?? [], words: "" };
  const [draft, setDraft] = useState(started);
  const [error, setError] = useState(null);
  const put = (change) => setDraft({ ...draft, ...change });
  // What was not touched stays as it is, to the second.
  const timed = ["date", "time", "unit", "days"].some((part) => String(draft[part]) !== String(started[part])) || !entry.id;
  const save = async (event) => {
    event.preventDefault();
    const body = {
      text: draft.text.trim(),
      ...(draft.words.trim() ? { when: draft.words.trim() } : timed ? moment(draft, entry) : {}),
    };
    try {
      await (entry.id ? patch(`${path}/${entry.id}`, body, { headers: { "If-Match": entry.version } }) : post(path, body));
      close();
    } catch (problem) {
      setError(problem);
    }
  };
  const dated = draft.unit !== "day" && draft.unit !== "week";
  return html`<${Dialog} title=${entry.id ? `Edit ${one}` : `New ${one}`} close=${close}>
    <form class="stack" onSubmit=${save}>
      <${Field} label=${label} value=${draft.text} set=${(text) => put({ text })} maxlength="300" required=${required} />
      <${Choice} label="How often" value=${draft.unit} set=${(unit) => put({ unit })} choices=${REPEATS} />
      ${draft.unit === "week" && html`<${Weekdays} days=${draft.days} set=${(days) => put({ days })} />`}
      <div class="pair">
        ${dated && html`<${Field} label="Day" type="date" value=${draft.date} set=${(day) => put({ date: day })} required />`}
        <${Field} label="Time" type="time" value=${draft.time} set=${(hour) => put({ time: hour })} required />
      </div>
      <${Field}
        label="Or in words"
        value=${draft.words}
        set=${(words) => put({ words })}
        placeholder="tomorrow at half past six"
        maxlength="200"
        hint="As you would say it. It counts instead of the day and the time above."
      />
      ${error && html`<${Trouble} error=${error} />`}
      <div class="row">
        <${Button} kind="main" type="submit">Keep it<//>
        <${Button} run=${close}>Cancel<//>
      </div>
    </form>
  <//>`;
}

function Weekdays({ days, set }) {
  const turn = (day) => set(days.includes(day) ? days.filter((each) => each !== day) : [...days, day].sort());
  return html`<div class="row" role="group" aria-label="Days of the week">
    ${DAYS.map(
      (_, day) =>
        html`<${Button} key=${day} label=${dayName(day, "long")} pressed=${days.includes(day)} run=${() => turn(day)}
          >${dayName(day)}<//
        >`,
    )}
  </div>`;
}

/** The first time, on the assistant's clock, and how it comes again. */
function moment({ date, time, unit, days }, entry) {
  const dated = unit !== "day" && unit !== "week";
  const at = `${dated ? date : today()}T${time}`;
  if (!unit) return { at };
  const interval = entry.every?.unit === unit ? entry.every.interval : 1;
  return { at, every: { unit, interval, days: unit === "week" ? days : [] } };
}

export function Later() {
  const later = useKept("/v1/later", "later");
  return html`<${Card} title="Commands for later">
    ${later.error && html`<${Trouble} error=${later.error} retry=${later.again} />`}
    ${later.value?.length === 0 && html`<p class="soft">None waits. Say “turn off the kitchen light in ten minutes”.</p>`}
    <ul class="plain stack">
      ${later.value?.map(
        (each) =>
          html`<li class="plan" key=${each.id}>
            <h3>${each.undoes ? `The end of “${each.said}”` : each.said}</h3>
            <p class="soft">${[when(each.at), again(each.every)].filter(Boolean).join(", ")}</p>
            <div class="row">
              <${Button} kind="danger" label=${`Take back ${each.said}`} run=${() => del(`/v1/later/${each.id}`)}>Take it back<//>
            </div>
          </li>`,
      )}
    </ul>
  <//>`;
}

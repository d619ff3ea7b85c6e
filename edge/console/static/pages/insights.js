// How well the assistant serves, week by week, counted on the device alone.
import { html, useState } from "../lib/html.js";
import { get } from "../lib/api.js";
import { Card, Choice, Empty, Trouble, Waiting, useLoaded } from "../lib/parts.js";

const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const plain = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const finer = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** What is shown: how it is read from a week (null: nothing to say), how written, and which way is better. */
const FIGURES = [
  {
    title: "Done as meant",
    of: (week) => week.success_rate,
    write: (value) => percent.format(value),
    better: 1,
    most: 1,
    means:
      "The part of your tasks that ended with “done” and were not taken back, corrected, said again within half a minute, or called wrong on the page. A task is one wish: a question of the assistant and your answer to it belong together.",
  },
  {
    title: "Half of the tasks within",
    of: (week) => week.median_s,
    write: (value) => `${fine.format(value)} s`,
    better: -1,
    means: "From the wake word to the end of the last answer, speaking included. Half of the tasks were quicker, half took longer.",
  },
  {
    title: "Turns per task",
    of: (week) => week.turns_per_task,
    write: (value) => finer.format(value),
    better: -1,
    means: "How often you had to speak for one wish: 1 is best. Questions back and second tries make it more.",
  },
  {
    title: "Corrections per task",
    of: (week) => week.corrected_rate,
    write: (value) => finer.format(value),
    better: -1,
    means: "“Undo that”, “no, the other one”, the same command again within half a minute, and what you marked as wrong on the page.",
  },
  {
    title: "Woken for nothing",
    of: (week) => (week.wakes ? (week.unanswered_wakes + week.false_wakes) / week.wakes : null),
    write: (value) => percent.format(value),
    better: -1,
    most: 1,
    means: "Wakes after which nobody said anything, and those that you marked as false.",
  },
  {
    title: "Satisfaction",
    of: (week) => week.satisfaction,
    write: (value) => `${fine.format(value)} of 5`,
    better: 1,
    most: 5,
    means: "What was answered when it asked, at most once a week.",
  },
];
const SPANS = [["4", "4 weeks"], ["12", "12 weeks"], ["26", "half a year"], ["52", "a year"]];

export function Page() {
  const [span, setSpan] = useState("12");
  const { value, error, again } = useLoaded(() => get(`/v1/kpis?weeks=${span}`), [span]);
  if (error) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!value) return html`<${Waiting} what="Counting" />`;
  const { weeks } = value;
  return html`<p class="soft">
      How well it serves you. Counted on this device, by day, without a word of what was said; nothing of it leaves the house.
    </p>
    <${Choice} label="Shown" value=${span} set=${setSpan} choices=${SPANS} />
    ${weeks.some((week) => week.tasks || week.wakes)
      ? html`<div class="grid">
            ${FIGURES.map((figure) => html`<${Figure} key=${figure.title} figure=${figure} weeks=${weeks} asks=${value.asks_satisfaction} />`)}
          </div>
          <${Weeks} weeks=${weeks} />`
      : html`<${Empty} title="Nothing was counted yet"><p>Say something to it, or type it on the page Talk.</p><//>`}`;
}

function Figure({ figure, weeks, asks }) {
  const known = weeks.map((week) => figure.of(week));
  const shown = known.findLastIndex((value) => value !== null);
  const before = known.findLastIndex((value, place) => value !== null && place < shown);
  return html`<${Card} title=${figure.title} kind="figure">
    ${shown < 0
      ? html`<p class="big soft">–</p>
          <p class="hint">${figure.title === "Satisfaction" && !asks ? "It does not ask: Settings, kpi.ask_satisfaction." : "Nothing to say yet."}</p>`
      : html`<p class="big number">${figure.write(known[shown])}</p>
          <p class="hint">${when(weeks, shown)}${before >= 0 && html`, <${Trend} figure=${figure} now=${known[shown]} then=${known[before]} />`}</p>
          <${Bars} figure=${figure} weeks=${weeks} known=${known} />`}
    <details>
      <summary>What it means</summary>
      <p class="hint">${figure.means}</p>
    </details>
  <//>`;
}

function when(weeks, place) {
  if (place === weeks.length - 1) return "this week";
  return `in the week of ${day(weeks[place].week)}`;
}

function day(date) {
  return new Date(`${date}T12:00`).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

function Trend({ figure, now, then }) {
  const [here, there] = [figure.write(now), figure.write(then)];
  if (here === there) return html`as before`;
  const better = Math.sign(now - then) === figure.better;
  return html`<span class=${better ? "good" : "bad"}>${now > then ? "▲" : "▼"} ${better ? "better" : "worse"}</span> than before: ${there}`;
}

/** A bar for each week; the same numbers are in the table below. */
function Bars({ figure, weeks, known }) {
  const most = figure.most ?? Math.max(...known.filter((value) => value !== null), Number.MIN_VALUE);
  const [width, height, gap] = [240, 56, 240 / weeks.length > 6 ? 3 : 1];
  const step = width / weeks.length;
  const told = weeks.flatMap((week, place) => (known[place] === null ? [] : [`${day(week.week)} ${figure.write(known[place])}`]));
  return html`<svg class="bars" viewBox="0 0 ${width} ${height}" role="img" aria-label=${`${figure.title} by week: ${told.join(", ")}`}>
    <line x1="0" x2=${width} y1=${height - 0.5} y2=${height - 0.5} />
    ${known.map((value, place) => {
      if (value === null) return null;
      const tall = Math.max(2, (value / most) * (height - 4));
      const last = place === weeks.length - 1;
      return html`<rect key=${place} class=${last ? "going-on" : ""} x=${place * step} y=${height - tall} width=${Math.max(1, step - gap)} height=${tall} rx="1.5">
        <title>${`${day(weeks[place].week)}: ${figure.write(value)}`}</title>
      </rect>`;
    })}
  </svg>`;
}

function Weeks({ weeks }) {
  return html`<${Card} title="Week by week">
    <div class="scroll" tabindex="0" role="region" aria-label="Week by week">
      <table class="number">
        <thead>
          <tr>
            <th scope="col">Week of</th>
            <th scope="col">Tasks</th>
            ${FIGURES.map((figure) => html`<th scope="col" key=${figure.title}>${figure.title}</th>`)}
            <th scope="col">Taken back</th>
            <th scope="col">The other one</th>
            <th scope="col">Said again</th>
            <th scope="col">Called wrong</th>
          </tr>
        </thead>
        <tbody>
          ${weeks.toReversed().map(
            (week) => html`<tr key=${week.week}>
              <th scope="row">${day(week.week)}</th>
              <td>${plain.format(week.tasks)}</td>
              ${FIGURES.map((figure) => html`<td key=${figure.title}>${figure.of(week) === null ? "–" : figure.write(figure.of(week))}</td>`)}
              <td>${week.corrections.undone}</td>
              <td>${week.corrections.corrected}</td>
              <td>${week.corrections.repeated}</td>
              <td>${week.corrections.wrong}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  <//>`;
}

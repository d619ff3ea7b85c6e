// Where the time of a turn went: a table whose bars stand on one scale.
import { html } from "./html.js";

const NAMES = {
  wake: "Wake word",
  pause: "Waited for speech",
  speech: "You spoke",
  endpoint: "Sure it was the end",
  stt: "Speech to text",
  understand: "Understood",
  act: "Done",
  voice: "Voice made",
  speaking: "Answered",
};
/** What somebody waits for: from the last syllable until the answer begins. */
const WAITED = new Set(["endpoint", "stt", "understand", "act", "voice"]);
const WIDTH = 1000;
/** What rounds to nothing is left out. */
const SHORTEST_MS = 0.05;

/** `turn`: as /v1/turns/{turn} tells it. `named`: the name of a device by its id. */
export function Waterfall({ turn, named = (id) => id }) {
  const { whole } = turn;
  const stages = turn.stages.filter((stage) => stage.end_ms - stage.start_ms >= SHORTEST_MS);
  if (stages.length === 0) return html`<p class="soft">Nothing took any time.</p>`;
  const end = Math.max(1, ...stages.map((stage) => stage.end_ms));
  return html`<table class="waterfall">
    <caption class="soft">
      ${whole ? "From its beginning on" : "From the last syllable on; more is only known of the last turns"}.${" "}${waited(turn)}
    </caption>
    <thead>
      <tr>
        <th scope="col">Stage</th>
        <th scope="col"><span class="visually-hidden">Where in the turn</span></th>
        <th scope="col" class="number from">from, ms</th>
        <th scope="col" class="number">took, ms</th>
      </tr>
    </thead>
    <tbody>
      ${stages.map((stage, index) => html`<${Row} key=${index} stage=${stage} end=${end} named=${named} />`)}
    </tbody>
  </table>`;
}

function Row({ stage, end, named }) {
  const x = (stage.start_ms / end) * WIDTH;
  const width = Math.max(4, ((stage.end_ms - stage.start_ms) / end) * WIDTH);
  const of = stage.kind === "act" && stage.of ? named(stage.of) : stage.of.replaceAll("_", " ");
  return html`<tr>
    <th scope="row">${NAMES[stage.kind] ?? stage.kind}${of && html`<span class="soft"> ${of}</span>`}</th>
    <td class="bar">
      <svg viewBox="0 0 ${WIDTH} 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect
          class=${WAITED.has(stage.kind) ? "waited" : "spent"}
          x=${Math.min(x, WIDTH - width)}
          y="1"
          width=${width}
          height="10"
        />
      </svg>
    </td>
    <td class="number from">${Math.round(stage.start_ms)}</td>
    <td class="number">${round(stage.end_ms - stage.start_ms)}</td>
  </tr>`;
}

/** How long somebody waited for the answer, in words. */
function waited({ timings }) {
  if (timings.first_audio_ms != null) return `The answer began ${Math.round(timings.first_audio_ms)} ms after the last syllable.`;
  return "";
}

function round(ms) {
  return ms < 10 ? ms.toFixed(1) : Math.round(ms);
}

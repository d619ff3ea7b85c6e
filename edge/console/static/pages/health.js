// What works, how the board is, which versions run.
import { html, useEffect } from "../lib/html.js";
import { get, me, post } from "../lib/api.js";
import { Badge, Button, Card, Meter, Trouble, Waiting, ago, useLoaded } from "../lib/parts.js";
import { restart } from "../lib/restart.js";

const EVERY_MS = 6000;
const HOT_C = 80;

export function Page() {
  const { value, error, again } = useLoaded(() => get("/v1/health"));
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && again(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  if (error && !value) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!value) return html`<${Waiting} />`;
  return html`<${Checks} checks=${value.checks} />
    <div class="grid">
      <${Load} board=${value.board} />
      <${Warmth} board=${value.board} />
      <${Storage} board=${value.board} />
      <${Versions} versions=${value.versions} board=${value.board} />
    </div>
    <${Updating} updating=${value.updating} again=${again} />`;
}

function Checks({ checks }) {
  const wrong = checks.filter((row) => !row.ok && row.needed);
  const [tone, says] = wrong.length ? ["bad", `${wrong.length} of what it needs does not work`] : ["good", "all that it needs works"];
  return html`<${Card} title="Checks" actions=${html`<${Badge} tone=${tone}>${says}<//>`}>
    <ul class="plain checks">
      ${checks.map(
        (row, place) => html`<li key=${`${row.check} ${place}`} class="check">
          <${Badge} tone=${row.ok ? "good" : row.needed ? "bad" : "warn"}>${row.ok ? "works" : row.needed ? "does not work" : "not there"}<//>
          <strong>${row.check}</strong>
          <span>${row.found}${row.remedy && html`<span class="soft"> — ${row.remedy}</span>`}</span>
        </li>`,
      )}
    </ul>
  <//>`;
}

function Load({ board }) {
  const used = board.memory_mb - board.memory_available_mb;
  return html`<${Card} title="Processor and memory">
    <${Meter} label="Processor" value=${board.cpu_percent / 100} text=${`${Math.round(board.cpu_percent)} %`} />
    <${Meter} label="Memory" value=${used / board.memory_mb} text=${`${used} of ${board.memory_mb} MB`} />
    ${board.swap_mb > 0 && html`<${Meter} label="Swap" value=${board.swap_used_mb / board.swap_mb} text=${`${board.swap_used_mb} of ${board.swap_mb} MB`} />`}
    <dl class="facts">
      <dt>The assistant itself</dt><dd class="number">${board.own_memory_mb} MB, ${Math.round(board.own_cpu_percent)} % of one of ${board.cores} cores</dd>
      <dt>Load</dt><dd class="number">${board.load.map((each) => each.toFixed(2)).join(", ")} in 1, 5, 15 minutes</dd>
      <dt>Running for</dt><dd>${lasted(board.own_up_s)}; the board for ${lasted(board.up_s)}</dd>
    </dl>
  <//>`;
}

function Warmth({ board }) {
  const power = board.power;
  return html`<${Card} title="Heat, power, clock">
    ${board.temperature_c === null
      ? html`<p class="soft">No sensor of the temperature.</p>`
      : html`<${Meter} label="Temperature" value=${board.temperature_c / 100} mark=${HOT_C / 100} text=${`${board.temperature_c.toFixed(0)} °C`} />`}
    ${power === null
      ? html`<p class="soft">Only a Raspberry Pi tells about its power supply.</p>`
      : html`${[...power.now].map((each) => html`<p key=${each} class="bad">Now: ${each}.</p>`)}
          ${power.since_start.map((each) => html`<p key=${each} class="warn">Since the start, at some time: ${each}.</p>`)}
          ${!power.now.length && !power.since_start.length && html`<p class="good">Enough power, and never slowed down since the start.</p>`}`}
    <p>${board.clock_synchronised === null ? "Whether the clock is right isn't known." : board.clock_synchronised ? "The clock is kept right." : html`<span class="warn">Nothing keeps the clock right: enable NTP.</span>`}</p>
  <//>`;
}

function Storage({ board }) {
  return html`<${Card} title="Disk">
    ${board.disks.map(
      (disk) =>
        html`<${Meter} key=${disk.path} label=${disk.path} value=${1 - disk.free_mb / disk.total_mb} text=${`${(disk.free_mb / 1024).toFixed(1)} of ${(disk.total_mb / 1024).toFixed(1)} GiB free`} />`,
    )}
    ${board.cards.length === 0 && html`<p class="soft">No memory card or flash memory that tells of its wear.</p>`}
    ${board.cards.map((card) => html`<${Wear} key=${card.device} card=${card} />`)}
  <//>`;
}

function Wear({ card }) {
  const name = `${card.device} ${[card.kind, card.name, card.made].filter(Boolean).join(" ")}`;
  if (card.used_percent === null) return html`<p>${name}<span class="soft"> does not tell how worn it is.</span></p>`;
  return html`<${Meter} label=${name} value=${card.used_percent / 100} text=${`${card.used_percent} % of its life at most`} />
    ${card.end_of_life && card.end_of_life !== "normal" && html`<p class="bad">${card.end_of_life}: back up, and replace it.</p>`}`;
}

function Versions({ versions, board }) {
  return html`<${Card} title="Versions">
    <dl class="facts">
      <dt>Board</dt><dd>${board.model}</dd>
      ${Object.entries(versions).map(([name, version]) => html`<dt key=${name}>${name}</dt><dd>${version}</dd>`)}
    </dl>
  <//>`;
}

function Updating({ updating, again }) {
  const owner = (me.value?.role ?? "owner") === "owner";
  const run = async () => {
    await restart();
    again();
  };
  return html`<${Card} title="Update, roll back, restart">
    <p>Installed is <strong>${updating.installed}</strong>. ${!updating.automatic && "It does not look for other versions by itself, and can't change its own."}</p>
    ${updating.automatic && owner && html`<${Versioning} />`}
    <details><summary>To update by hand</summary><pre><code>${updating.how.join("\n")}</code></pre></details>
    <details><summary>To return to this version later</summary><pre><code>${updating.back.join("\n")}</code></pre></details>
    ${owner && html`<div class="row"><${Button} run=${run}>Restart the assistant<//><span class="hint">Some seconds, and never in the middle of a sentence.</span></div>`}
  <//>`;
}

const STAGES = {
  asked: "Asking…",
  fetching: "Fetching…",
  laying: "Verifying it, and laying it beside what runs…",
  waiting: "It lies ready, and takes over as soon as nobody talks to the assistant.",
  trial: "It runs, and shows for some minutes whether it is well. If it isn't, the version before comes back.",
};
const ENDS = {
  applied: (last) => `${numberOf(last.release)} took the place of ${numberOf(last.before)}`,
  undone: (last) => `${numberOf(last.release)} was undone: ${last.why}`,
  "put off": (last) => `${numberOf(last.release)} was put off: ${last.why}`,
  "rolled back": (last) => `${numberOf(last.before)} was left for ${numberOf(last.release)}`,
};
const LOOK_MS = 2000;

function Versioning() {
  const { value, error, again, put } = useLoaded(() => get("/v1/updates"));
  useEffect(() => {
    const timer = setInterval(again, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  if (error && !value) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!value) return html`<${Waiting} />`;
  const ask = (wish) => async () => put(await post(`/v1/updates/${wish}`));
  const busy = value.stage !== "nothing";
  return html`<div role="status">
      ${value.available && !busy && html`<p><strong>${numberOf(value.available)}</strong> is there${value.rollout < 100 && html`; so far it goes to ${value.rollout} % of the devices by itself`}.</p>`}
      ${busy && html`<p>${STAGES[value.stage]}</p>`}
    </div>
    ${value.stage === "fetching" && value.size > 0 && html`<${Meter} label="Fetched" value=${value.done / value.size} text=${`${(value.done / 1e6).toFixed(1)} of ${(value.size / 1e6).toFixed(1)} MB`} />`}
    ${value.error && html`<p class="bad">${value.error}</p>`}
    ${value.last && html`<p class="soft">${ENDS[value.last.result](value.last)}, ${ago(value.last.at)}.</p>`}
    <div class="row">
      ${value.repository && html`<${Button} run=${ask("check")} disabled=${busy}>Look for a newer version<//>`}
      ${value.repository && value.available && html`<${Button} kind="main" run=${ask("apply")} disabled=${busy}>Take ${numberOf(value.available)}<//>`}
      ${(value.previous || value.stage === "trial") && html`<${Button} run=${ask("rollback")} disabled=${busy && value.stage !== "trial"}>Go back${value.previous && ` to ${numberOf(value.previous)}`}<//>`}
    </div>
    <p class="hint">${value.repository ? html`From <code>${value.repository}</code>${value.looked_at && `, looked at ${ago(value.looked_at)}`}; only what its publisher has signed is taken.` : "No repository of releases is named: Settings, Updates."}</p>`;
}

/** "0.2.0-1a2b3c4d" → "0.2.0". */
function numberOf(release) {
  return release.split("-")[0];
}

function lasted(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor((seconds % 86400) / 3600), Math.floor((seconds % 3600) / 60)];
  if (days) return `${days} d ${hours} h`;
  return hours ? `${hours} h ${minutes} min` : `${minutes} min`;
}

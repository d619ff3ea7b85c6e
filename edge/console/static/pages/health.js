// What works, how the board is, which versions run.
import { html, useEffect } from "../lib/html.js";
import { get, me } from "../lib/api.js";
import { Badge, Button, Card, Meter, Trouble, Waiting, useLoaded } from "../lib/parts.js";
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
    <details><summary>To update by hand</summary><pre><code>${updating.how.join("\n")}</code></pre></details>
    <details><summary>To return to this version later</summary><pre><code>${updating.back.join("\n")}</code></pre></details>
    ${owner && html`<div class="row"><${Button} run=${run}>Restart the assistant<//><span class="hint">Some seconds, and never in the middle of a sentence.</span></div>`}
  <//>`;
}

function lasted(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor((seconds % 86400) / 3600), Math.floor((seconds % 3600) / 60)];
  if (days) return `${days} d ${hours} h`;
  return hours ? `${hours} h ${minutes} min` : `${minutes} min`;
}

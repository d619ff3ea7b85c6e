// The link to the bridge: how it is, what waits, what was lost, and what its answers cost.
import { get, me, post } from "../lib/api.js";
import { html, useEffect } from "../lib/html.js";
import { Badge, Button, Card, Empty, tell, Trouble, useLoaded, Waiting } from "../lib/parts.js";

const LOOK_MS = 5000;
const DAYS = 30;
const KINDS = {
  turn: "what was said",
  change: "changes of lists, facts, routines",
  question: "questions",
  telemetry: "measurements",
  audio: "recordings",
  consent: "what was allowed",
  erase: "what is to be forgotten",
  gap: "marks of what was given up",
};

export function Page() {
  const sync = useLoaded(() => get("/v1/sync"));
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && sync.again(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  if (sync.error && !sync.value) return html`<${Trouble} error=${sync.error} retry=${sync.again} />`;
  if (!sync.value) return html`<${Waiting} />`;
  if (!sync.value.bridge) return html`<${None} />`;
  const owner = !me.value || me.value.role === "owner";
  return html`${sync.error && html`<${Trouble} error=${sync.error} />`}
    <div class="grid">
      <${Link} sync=${sync.value} put=${sync.put} />
      <${Queue} sync=${sync.value} />
    </div>
    ${owner && html`<${Usage} />`}`;
}

function None() {
  return html`<${Empty} title="No bridge is configured">
    <p>Nothing leaves this device, and nothing waits to. Everything works without.</p>
    <p>
      A bridge of your own shares lists and routines between several assistants, keeps a copy, and asks a larger model.
      ${"Set "}<code>cloud.url</code>, then run <code>hearth sync enrol</code>.
    </p>
  <//>`;
}

function Link({ sync, put }) {
  const now = async () => {
    const found = await post("/v1/sync/now");
    put(found);
    tell(found.linked ? "Whatever waits is sent now." : "Trying.", found.linked ? "good" : "");
  };
  const [tone, state] = !sync.running
    ? ["bad", "hearth-sync does not run"]
    : sync.linked
      ? ["good", "linked"]
      : ["warn", "no link"];
  return html`<${Card}
    title="Link"
    actions=${sync.running && html`<${Button} run=${now}>${sync.linked ? "Send now" : "Try now"}<//>`}
  >
    <p role="status">
      <${Badge} tone=${tone}>${state}<//> ${sync.since && html`<span class="soft">since ${moment(sync.since)}</span>`}
    </p>
    <dl class="counts">
      <dt>Bridge</dt>
      <dd>${sync.bridge}</dd>
      ${
        sync.next_try_s !== null &&
        html`<dt>Next try</dt>
          <dd class="number">in ${sync.next_try_s} s</dd>`
      }
      <dt>Last error</dt>
      <dd class=${sync.error ? "bad" : ""}>${sync.error || "none"}</dd>
      <dt>With the bridge</dt>
      <dd class="number">${sync.acked} entries</dd>
    </dl>
    ${!sync.running && html`<p class="hint">Start it: <code>systemctl start hearth-sync</code>. Until then everything waits here.</p>`}
  <//>`;
}

function Queue({ sync }) {
  const waiting = Object.entries(sync.waiting);
  const lost = Object.entries(sync.lost);
  return html`<${Card} title="Waiting">
    ${waiting.length === 0 && html`<p class="soft">Nothing waits: the bridge has all that may leave the house.</p>`}
    ${
      waiting.length > 0 &&
      html`<${Counts} rows=${waiting.map(([kind, count]) => [KINDS[kind] ?? kind, count])} />
        <p class="soft">${size(sync.bytes)}, since ${moment(sync.oldest)}</p>`
    }
    <dl class="counts">
      <dt>Questions without an answer</dt>
      <dd class="number">${sync.questions}</dd>
      <dt>Answers that nobody heard yet</dt>
      <dd class="number">${sync.answers}</dd>
    </dl>
    <h3>Given up, expired or refused</h3>
    ${lost.length === 0 ? html`<p class="soft">Nothing, ever.</p>` : html`<${Counts} rows=${lost.map(([what, count]) => [reason(what), count])} />`}
  <//>`;
}

function Counts({ rows }) {
  return html`<dl class="counts">
    ${rows.map(
      ([name, count]) =>
        html`<dt key=${name}>${name}</dt>
          <dd class="number">${count}</dd>`,
    )}
  </dl>`;
}

function Usage() {
  const usage = useLoaded(() => get(`/v1/sync/usage?days=${DAYS}`));
  const actions = html`<${Button} run=${usage.again}>Ask again<//>`;
  if (usage.error)
    return html`<${Card} title="Use and cost" actions=${actions}><p class="soft">Not known now: ${usage.error.inWords}</p><//>`;
  if (!usage.value) return html`<${Card} title="Use and cost"><${Waiting} what="Asking the bridge" /><//>`;
  const { questions, tokens, cost, currency, lines, since } = usage.value;
  return html`<${Card} title="Use and cost" actions=${actions}>
    <p>
      <span class="big number">${money(cost, currency)}</span>
      <span class="soft">
        for ${questions} questions and ${tokens} tokens since ${since}, as the bridge has counted for the whole house</span
      >
    </p>
    ${
      lines.length === 0
        ? html`<p class="soft">Nobody asked the larger model in that time.</p>`
        : html`<div class="scroll">
            <table>
              <thead>
                <tr>
                  ${["Day", "Device", "Model", "Questions", "From the cache", "Failed", "Tokens", "Cost"].map((name) => html`<th scope="col" key=${name}>${name}</th>`)}
                </tr>
              </thead>
              <tbody>
                ${lines.map(
                  (line, number) =>
                    html`<tr key=${number}>
                      <th scope="row">${line.day}</th>
                      <td>${line.device}</td>
                      <td>${line.model}</td>
                      ${[line.questions, line.cached, line.failed, line.tokens_in + line.tokens_out].map(
                        (count, place) => html`<td class="number" key=${place}>${count}</td>`,
                      )}
                      <td class="number">${money(line.cost, currency)}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
  <//>`;
}

/** "given_up.turn" in words. */
function reason(what) {
  const [how, kind] = what.split(".");
  return [how.replaceAll("_", " "), KINDS[kind] ?? kind].filter(Boolean).join(": ");
}

function moment(iso) {
  return iso ? new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "";
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)} KiB`;
}

function money(cost, currency) {
  return `${cost.toFixed(cost < 1 ? 4 : 2)} ${currency}`;
}

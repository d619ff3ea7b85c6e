// Models: what is there, what for, fetched and deleted.
import { html, useEffect, useState } from "../../lib/html.js";
import { del, get, post } from "../../lib/api.js";
import { Badge, Button, Card, Meter, Trouble, Waiting, tell, useLoaded } from "../../lib/parts.js";

const KINDS = { stt: "hears", llm: "understands", tts: "speaks", wake: "wakes", vad: "notices speech", embedding: "compares meanings" };

/** Bytes in words. */
export function sized(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.round(bytes / 1e3)} kB`;
}

export function Models() {
  const { value, error, again } = useLoaded(() => get("/v1/system/models"));
  const running = value?.fetching?.stage === "running";
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(again, 1000);
    return () => clearInterval(timer);
  }, [running]);
  if (error && !value) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!value) return html`<${Waiting} />`;
  return html`<p class="soft">In <code>${value.folder}</code>, where ${sized(value.free)} are free.</p>
    <div class="grid">
      ${value.items.map((model) => html`<${Model} key=${model.id} model=${model} fetching=${value.fetching} again=${again} free=${value.free} />`)}
    </div>`;
}

function Model({ model, fetching, again, free }) {
  const mine = fetching?.model === model.id ? fetching : null;
  const running = mine?.stage === "running";
  const there = model.condition === "ok";
  const path = `/v1/system/models/${model.id}`;
  const then = (work) => async () => {
    await work();
    again();
  };
  const verify = async () => {
    const { condition, detail } = await post(`${path}/verify`);
    tell(condition === "ok" ? `${model.id} is whole.` : `${model.id}: ${detail}`, condition === "ok" ? "good" : "bad");
    again();
  };
  const enough = free > model.size + model.download;
  return html`<${Card} title=${model.id} actions=${html`<${State} model=${model} />`}>
    <p>${model.description}</p>
    <dl class="facts">
      <dt>For</dt><dd>${KINDS[model.kind]}${model.languages[0] === "mul" ? ", many languages" : `, ${model.languages.join(", ")}`}</dd>
      <dt>Size</dt><dd class="number">${sized(model.size)}, ${model.ram_mb} MB of memory</dd>
      <dt>Licence</dt><dd>${model.licence}</dd>
      <dt>Used for</dt><dd>${model.used_for ? html`<code>${model.used_for}</code>` : "nothing now"}</dd>
    </dl>
    ${running && html`<div role="status"><${Meter} label="Fetching" value=${mine.size ? mine.done / mine.size : 0} text=${`${sized(mine.done)} of ${sized(mine.size)}`} /></div>`}
    ${mine?.stage === "failed" && html`<p class="bad" role="alert">${mine.error}</p>`}
    ${!there && !running && !enough && html`<p class="warn">It takes ${sized(model.size + model.download)} of the disk to fetch it: there is too little.</p>`}
    <div class="row">
      ${!model.bundled && !there && !running &&
      html`<${Button} kind="main" disabled=${fetching?.stage === "running" || !enough} label=${`Fetch ${model.id}`} run=${then(() => post(`${path}/fetch`))}>
        ${mine?.stage === "cancelled" ? "Go on" : `Fetch (${sized(model.download)})`}
      <//>`}
      ${running && html`<${Button} label=${`Cancel fetching ${model.id}`} run=${then(() => del(`${path}/fetch`))}>Cancel<//>`}
      ${there && html`<${Button} kind="quiet" label=${`Check every byte of ${model.id}`} run=${verify}>Check<//>`}
      ${there && !model.bundled && !model.used_for && html`<${Delete} name=${model.id} run=${then(() => del(path))} />`}
    </div>
  <//>`;
}

/** Asks once more: what is fetched again takes its time. */
function Delete({ name, run }) {
  const [sure, setSure] = useState(false);
  if (!sure) return html`<${Button} kind="danger" label=${`Delete ${name}`} run=${() => setSure(true)}>Delete<//>`;
  return html`<${Button} kind="danger" label=${`Delete ${name} for good`} run=${run}>Delete it for good<//>
    <${Button} kind="quiet" label=${`Keep ${name}`} run=${() => setSure(false)}>Keep<//>`;
}

function State({ model }) {
  if (model.condition === "ok") return html`<${Badge} tone="good">here<//>`;
  if (model.condition === "damaged") return html`<${Badge} tone="bad">damaged<//>`;
  return html`<${Badge} tone=${model.used_for ? "bad" : ""}>${model.used_for ? "missing" : "not here"}<//>`;
}

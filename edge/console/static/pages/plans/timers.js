// Timers, as they count down.
import { del, patch, post } from "../../lib/api.js";
import { html, useEffect, useState } from "../../lib/html.js";
import { useKept } from "../../lib/kept.js";
import { Badge, Button, Card, complain, Field, Meter, Trouble, Waiting } from "../../lib/parts.js";

const TICK_MS = 250;
const USUAL = [1, 5, 10, 20];

export function Timers() {
  const timers = useKept("/v1/timers", "timers");
  return html`<${Card} title="Timers">
    ${timers.error && html`<${Trouble} error=${timers.error} retry=${timers.again} />`}
    ${!timers.value && !timers.error && html`<${Waiting} />`}
    ${timers.value?.length === 0 && html`<p class="soft">None runs. Say “set a timer for ten minutes”, or start one here.</p>`}
    ${timers.value?.length > 0 && html`<${Running} timers=${timers.value} />`}
    <${Start} />
  <//>`;
}

/** What was left when they were told, and how long ago that was: so a wrong clock of the browser does no harm. */
function Running({ timers }) {
  const [told, setTold] = useState({ timers, at: performance.now() });
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    setTold({ timers, at: performance.now() });
    setNow(performance.now());
    if (!timers.some((timer) => timer.state === "running")) return undefined;
    const tick = setInterval(() => !document.hidden && setNow(performance.now()), TICK_MS);
    return () => clearInterval(tick);
  }, [timers]);
  const past = told.timers === timers ? (now - told.at) / 1000 : 0;
  return html`<ul class="plain stack">
    ${timers.map((timer) => {
      const left = timer.state === "running" ? Math.max(0, timer.left_s - past) : timer.left_s;
      return html`<${Timer} key=${timer.id} timer=${timer} left=${left} />`;
    })}
  </ul>`;
}

function Timer({ timer, left }) {
  const path = `/v1/timers/${timer.id}`;
  const name = timer.name ?? span(timer.length_s);
  const ringing = timer.state === "ringing";
  const paused = timer.state === "paused";
  return html`<li class="plan">
    <div class="row spread">
      <h3>${name}${timer.area && html` <span class="soft">${timer.area}</span>`}</h3>
      ${ringing && html`<${Badge} tone="warn">rings<//>`} ${paused && html`<${Badge}>paused<//>`}
    </div>
    <p class="big number" role="timer" aria-label=${`Left of ${name}`}>${clock(left)}</p>
    ${
      timer.length_s > 0 &&
      html`<${Meter} label="Left" value=${Math.min(1, left / timer.length_s)} text=${`of ${span(timer.length_s)}`} />`
    }
    <div class="row">
      ${
        !ringing &&
        html`<${Button} label=${`${paused ? "Resume" : "Pause"} ${name}`} run=${() => patch(path, { paused: !paused })}>
          ${paused ? "Resume" : "Pause"}
        <//>`
      }
      <${Button} label=${`One more minute for ${name}`} run=${() => patch(path, { add_s: 60 })}>+1 min<//>
      <${Button} label=${`Five more minutes for ${name}`} run=${() => patch(path, { add_s: 300 })}>+5 min<//>
      <${Button} kind=${ringing ? "main" : "danger"} label=${`${ringing ? "Stop" : "Cancel"} ${name}`} run=${() => del(path)}>
        ${ringing ? "Stop" : "Cancel"}
      <//>
    </div>
  </li>`;
}

function Start() {
  const [minutes, setMinutes] = useState("");
  const [name, setName] = useState("");
  const start = async (length) => {
    await post("/v1/timers", { seconds: length * 60, name: name.trim() || null });
    setMinutes("");
    setName("");
  };
  const submit = (event) => {
    event.preventDefault();
    start(Number(minutes)).catch(complain);
  };
  return html`<form class="stack" onSubmit=${submit}>
    <div class="pair">
      <${Field}
        label="Minutes"
        type="number"
        min="0.1"
        max="6060"
        step="any"
        inputmode="decimal"
        value=${minutes}
        set=${setMinutes}
      />
      <${Field} label="Its name" value=${name} set=${setName} maxlength="60" placeholder="pasta" />
    </div>
    <div class="row">
      <${Button} kind="main" type="submit" disabled=${!(Number(minutes) > 0)}>Start<//>
      ${USUAL.map(
        (length) => html`<${Button} key=${length} label=${`Start ${length} min`} run=${() => start(length)}>${length} min<//>`,
      )}
    </div>
  </form>`;
}

/** 1:05, 1:00:00. */
function clock(seconds) {
  const whole = Math.ceil(seconds - 0.001);
  const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, "0"));
  return parts[0] ? `${parts[0]}:${minutes}:${rest}` : `${Number(minutes)}:${rest}`;
}

/** "1 h 30 min". */
function span(seconds) {
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "min"],
    [Math.round(seconds % 60), "s"],
  ];
  return (
    parts
      .filter(([number]) => number)
      .map(([number, unit]) => `${number} ${unit}`)
      .join(" ") || "0 s"
  );
}

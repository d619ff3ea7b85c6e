// The house: every device, room by room, as it is now; to command, to name, and to know what may be said to it.
import { batch, html, signal, useEffect, useRef, useState } from "../lib/html.js";
import { all, get, me, patch, post } from "../lib/api.js";
import { useEvents } from "../lib/live.js";
import { Badge, Button, Card, Choice, Dialog, Empty, Field, Toggle, Trouble, Waiting } from "../lib/parts.js";
import { complain, tell, useLoaded } from "../lib/parts.js";

const NOWHERE = "";
const SWITCHED = new Set(["light", "switch", "fan", "siren", "humidifier"]);
/** By kind: what it can be told, with the states in which that is pointless. */
const VERBS = {
  lock: [["LOCK", "Lock", ["locked", "locking"]], ["UNLOCK", "Unlock", ["unlocked", "unlocking"]]],
  cover: [["OPEN", "Open", ["opening"]], ["STOP", "Stop", []], ["CLOSE", "Close", ["closed", "closing"]]],
  valve: [["OPEN", "Open", ["open", "opening"]], ["CLOSE", "Close", ["closed", "closing"]]],
  vacuum: [
    ["START", "Start", ["cleaning"]],
    ["PAUSE", "Pause", ["paused", "docked"]],
    ["RETURN_TO_BASE", "To its base", ["docked", "returning"]],
  ],
  lawn_mower: [
    ["START", "Start", ["mowing"]],
    ["PAUSE", "Pause", ["paused", "docked"]],
    ["RETURN_TO_BASE", "To its base", ["docked", "returning"]],
  ],
  alarm_control_panel: [
    ["ARM_HOME", "Arm home", ["armed_home"]],
    ["ARM_AWAY", "Arm away", ["armed_away"]],
    ["ARM_NIGHT", "Arm for the night", ["armed_night"]],
    ["DISARM", "Disarm", ["disarmed"]],
  ],
  scene: [["PRESS", "Activate", []]],
  button: [["PRESS", "Press", []]],
  update: [["INSTALL", "Install", ["off", "installing"]]],
};
const PERCENT = {
  brightness: "Brightness",
  position: "Position",
  percentage: "Speed",
  tilt: "Tilt",
  white: "White",
  volume: "Volume",
};
const NUMBERS = {
  temperature: "Target temperature",
  temperature_low: "Heats up to",
  temperature_high: "Cools down to",
  humidity: "Target humidity",
  value: "Value",
  duration: "Seconds",
};
const WORDS = {
  mode: "Mode",
  option: "Option",
  effect: "Effect",
  preset: "Preset",
  fan_mode: "Fan",
  swing: "Swing",
  fan_speed: "Suction",
  tone: "Tone",
  direction: "Direction",
  oscillation: "Swings",
};
const FIXED = { direction: ["forward", "reverse"], oscillation: ["on", "off"] };
/** What a row shows beside its switch, the first that there is. */
const FIRST = ["brightness", "position", "percentage", "temperature", "humidity", "option", "mode", "value", "volume"];
/** What "on" and "off" of a sensor mean. */
const SENSES = {
  door: ["open", "closed"],
  garage_door: ["open", "closed"],
  window: ["open", "closed"],
  opening: ["open", "closed"],
  lock: ["unlocked", "locked"],
  motion: ["motion", "no motion"],
  occupancy: ["occupied", "empty"],
  presence: ["at home", "away"],
  moisture: ["wet", "dry"],
  smoke: ["smoke", "no smoke"],
  gas: ["gas", "no gas"],
  battery: ["low", "fine"],
  problem: ["problem", "fine"],
  connectivity: ["connected", "not connected"],
};
const RESULTS = {
  failed: "did not do it",
  unconfirmed: "has not answered: whether it did it isn't known",
  unavailable: "is away, so nothing was sent",
  unsupported: "can't do that",
};
const KELVIN = { low: 2000, high: 6500, step: 50 };

/** By id: a signal with the device, so that a change draws one row anew and no more. */
const things = new Map();
/** Ids in the order of the list; null before it is there. */
const order = signal(null);
const online = signal(true);
/** What the assistant wants to know before it does something: {device, change, code, detail}. */
const asked = signal(null);

export function Page({ rest }) {
  const [error, setError] = useState(null);
  const [areas, setAreas] = useState([]);
  const [filter, setFilter] = useState("");
  const [everything, setEverything] = useState(false);
  const [room, setRoom] = useState(null);
  const load = () =>
    Promise.all([all("/v1/devices?limit=200"), all("/v1/areas?limit=200")]).then(
      ([devices, rooms]) => {
        take(devices);
        setAreas(rooms);
        setError(null);
      },
      (problem) => setError(problem),
    );
  useEffect(() => void load(), []);
  useEvents("watching", ({ devices }) => devices && load());
  useEvents("hello", ({ devices }) => devices && load());
  useEvents("house", (news) => {
    online.value = news.online;
    load();
  });
  useEvents("device", hear);

  if (error && order.value === null) return html`<${Trouble} error=${error} retry=${load} />`;
  if (order.value === null) return html`<${Waiting} what="Looking at the house" />`;
  const devices = order.value.map((id) => things.get(id).peek());
  if (devices.length === 0) return html`<${Nothing} />`;
  const shown = devices.filter((device) => (everything || !device.category) && fits(device, filter));
  const open = rest[0] && things.get(decodeURIComponent(rest[0]));
  return html`${!online.value &&
    html`<p class="offline" role="status">The broker is away: what is shown may be old, and nothing can be switched.</p>`}
    <div class="row house-search">
      <${Field} label="Find a device" type="search" value=${filter} set=${setFilter} placeholder="Name, room or kind" />
      ${devices.some((device) => device.category) &&
      html`<${Toggle} label="Also settings and diagnostics" on=${everything} set=${setEverything} />`}
    </div>
    <p class="soft" role="status">${count(shown.length, devices.length)}</p>
    <div class="grid">
      ${[...byArea(shown)].map(
        ([area, ids]) =>
          html`<${Card}
            key=${area}
            title=${area || "In no room"}
            actions=${area &&
            member() &&
            html`<${Button} kind="quiet" label=${`Name ${area}`} run=${() => setRoom(area)}>Edit<//>`}
          >
            ${floorOf(areas, area) && html`<p class="soft">${floorOf(areas, area)}</p>`}
            <ul class="plain devices">
              ${ids.map((id) => html`<${Row} key=${id} of=${things.get(id)} />`)}
            </ul>
          <//>`,
      )}
    </div>
    ${open && html`<${Details} of=${open} areas=${areas} />`}
    ${room && html`<${Room} area=${areas.find((each) => each.name === room)} close=${() => setRoom(null)} saved=${load} />`}
    <${Asking} />`;
}

// -- what is known of the devices ------------------------------------------------------------------------------------

function take(devices) {
  batch(() => {
    for (const device of devices) {
      const known = things.get(device.id);
      if (!known) things.set(device.id, signal(device));
      // A list that was made before the last news of a device doesn't undo it.
      else known.value = device.word >= known.peek().word ? device : { ...device, ...condition(known.peek()) };
    }
    const ids = new Set(devices.map((device) => device.id));
    for (const id of things.keys()) if (!ids.has(id)) things.delete(id);
    order.value = [...ids];
  });
}

function hear(news) {
  const known = things.get(news.id);
  if (known && news.word >= known.peek().word) known.value = { ...known.peek(), ...condition(news) };
}

function condition({ state, attributes, available, word }) {
  return { state, attributes, available, word };
}

function byArea(devices) {
  const found = new Map();
  for (const device of devices) {
    const area = device.area ?? NOWHERE;
    if (!found.has(area)) found.set(area, []);
    found.get(area).push(device);
  }
  const sorted = [...found].sort(([one], [other]) => (one === NOWHERE) - (other === NOWHERE) || one.localeCompare(other));
  return sorted.map(([area, those]) => [area, those.sort((a, b) => a.name.localeCompare(b.name)).map((device) => device.id)]);
}

function fits(device, filter) {
  const said = [device.name, device.area ?? "", device.domain, ...device.aliases].join(" ").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => said.includes(word));
}

const count = (shown, whole) => (shown === whole ? `${whole} devices` : `${shown} of ${whole} devices`);
const floorOf = (areas, area) => areas.find((each) => each.name === area)?.floor;
const member = () => me.value?.role !== "guest";
const address = (device) => `/v1/devices/${encodeURIComponent(device.id)}`;

// -- commands --------------------------------------------------------------------------------------------------------

/** What is told is what the device has shown. Resolves when that is known. */
async function command(device, change, consent = {}) {
  try {
    const report = await post(`${address(device)}/commands`, { change, ...consent });
    if (report.result in RESULTS) tell(`${device.name} ${RESULTS[report.result]}.`, "bad");
    else if (report.result === "assumed") tell(`${device.name} was told; it can't say whether it obeyed.`);
  } catch (problem) {
    if (!["confirm", "pin_wanted", "pin_wrong"].includes(problem.code)) throw problem;
    asked.value = { device, change, code: problem.code, detail: problem.message };
  }
}

function Asking() {
  const [pin, setPin] = useState("");
  const question = asked.value;
  if (question === null) return null;
  const close = () => {
    asked.value = null;
    setPin("");
  };
  const go = (consent) => {
    const { device, change } = question;
    close();
    return command(device, change, consent).catch(complain);
  };
  const send = (event) => {
    event.preventDefault();
    go({ confirmed: true, pin });
  };
  if (question.code === "confirm") {
    return html`<${Dialog} title="Are you sure?" close=${close}>
      <div class="stack">
        <p>${sentence(question.detail)}</p>
        <div class="row">
          <${Button} kind="main" run=${() => go({ confirmed: true })}>Yes, do it<//>
          <${Button} run=${close}>No<//>
        </div>
      </div>
    <//>`;
  }
  return html`<${Dialog} title="The PIN, please" close=${close}>
    <form class="stack" onSubmit=${send}>
      <p>${sentence(question.detail)}</p>
      <${Field} label="PIN" type="password" inputmode="numeric" autocomplete="off" value=${pin} set=${setPin} />
      <${Button} kind="main" type="submit" disabled=${pin.length < 3}>Go on<//>
    </form>
  <//>`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

// -- a device --------------------------------------------------------------------------------------------------------

function Row({ of }) {
  const device = of.value;
  const first = FIRST.find((ability) => device.abilities.includes(ability));
  return html`<li class="device">
    <div class="row spread">
      <a class="device-name" href=${`#/house/${encodeURIComponent(device.id)}`}>${device.name}</a>
      <${Condition} device=${device} />
    </div>
    ${device.available &&
    html`<div class="row spread device-controls">
      <${Verbs} device=${device} />
      ${first && html`<${Control} device=${device} ability=${first} hidden />`}
    </div>`}
  </li>`;
}

function Condition({ device }) {
  if (!device.available) return html`<${Badge} tone="bad">away<//>`;
  return html`<span class="number device-state">${stateOf(device)}</span>`;
}

function stateOf({ domain, state, attributes, unit, device_class: sort, abilities }) {
  if (state === null) return abilities.includes("state") && ["scene", "button"].includes(domain) ? "" : "not known";
  if (domain === "binary_sensor" && sort in SENSES) return SENSES[sort][state === "on" ? 0 : 1];
  const now = attributes.current_temperature;
  const parts = [state.replaceAll("_", " ")];
  if (domain === "climate" || domain === "water_heater") {
    if (now !== undefined) parts.unshift(`${now} ${unit ?? "°"}`);
  } else if (unit) parts[0] = `${state} ${unit}`;
  if (state === "on" && attributes.brightness !== undefined) parts.push(`${Math.round(attributes.brightness)} %`);
  if (domain === "cover" && attributes.position !== undefined) parts.push(`${Math.round(attributes.position)} %`);
  return parts.join(", ");
}

function Verbs({ device }) {
  const { domain, abilities, state } = device;
  if (!abilities.includes("state")) return html`<span></span>`;
  if (SWITCHED.has(domain)) {
    const set = (on) => command(device, { state: on ? "ON" : "OFF" });
    return html`<${Toggle} label=${device.name} hidden on=${state === "on"} set=${set} />`;
  }
  const verbs = (VERBS[domain] ?? []).filter(([verb]) => !device.coded.includes(verb));
  return html`<span class="row">
    ${verbs.map(
      ([verb, text, pointless]) =>
        html`<${Button}
          key=${verb}
          label=${`${text}: ${device.name}`}
          disabled=${pointless.includes(state)}
          run=${() => command(device, { state: verb })}
          >${text}<//
        >`,
    )}
  </span>`;
}

/** What sets one ability. `hidden`: its label is only read aloud. */
function Control({ device, ability, hidden = false }) {
  const set = (value) => command(device, { [ability]: value });
  const label = (text) => (hidden ? `${text}: ${device.name}` : text);
  const given = { hidden, set, value: number(device.attributes[ability]) };
  if (ability in PERCENT) {
    return html`<${Slide} ...${given} label=${label(PERCENT[ability])} low=${0} high=${100} unit="%" />`;
  }
  if (ability === "color_temperature") {
    const { low, high, step } = device.limits[ability] ?? KELVIN;
    return html`<${Slide} ...${given} label=${label("Warm to cold")} low=${low} high=${high} step=${step || 50} unit="K" />`;
  }
  if (ability in NUMBERS) {
    const value = given.value ?? (ability === "value" ? number(device.state) : undefined);
    const limits = device.limits[ability];
    return html`<${Amount} ...${given} label=${label(NUMBERS[ability])} limits=${limits} ability=${ability} value=${value} />`;
  }
  if (ability in WORDS) {
    const words = device.choices[ability] ?? FIXED[ability] ?? device.options;
    const now = String(device.attributes[ability] ?? device.state ?? "");
    const choices = [...(words.includes(now) ? [] : [["", "…"]]), ...words.map((word) => [word, word.replaceAll("_", " ")])];
    return html`<div class=${hidden ? "bare" : ""}>
      <${Choice}
        label=${label(WORDS[ability])}
        value=${words.includes(now) ? now : ""}
        choices=${choices}
        set=${(word) => word && set(word).catch(complain)}
      />
    </div>`;
  }
  if (ability === "color") {
    const choose = (event) => set(rgb(event.target.value)).catch(complain);
    return html`<${Field} label=${label("Colour")} type="color" value=${hex(device.attributes.color)} onChange=${choose} />`;
  }
  if (ability === "text") return html`<${Line} label=${label("Text")} set=${set} />`;
  return null;
}

/** A number that one slides to; it is sent when one lets go, and shows what the device says as soon as it says it. */
function Slide({ label, hidden, low, high, step = 1, unit, value, set }) {
  const [moved, setMoved] = useState(null);
  const now = moved ?? value;
  const done = async (event) => {
    try {
      await set(Number(event.target.value));
    } catch (error) {
      complain(error);
    } finally {
      setMoved(null);
    }
  };
  const input = html`<input
    type="range"
    min=${low}
    max=${high}
    step=${step}
    value=${now ?? low}
    aria-label=${label}
    aria-valuetext=${now === undefined ? "not known" : `${Math.round(now)} ${unit}`}
    onInput=${(event) => setMoved(Number(event.target.value))}
    onChange=${done}
  />`;
  return html`<div class="slide">
    ${!hidden && html`<span class="slide-label" aria-hidden="true">${label}</span>`} ${input}
    <span class="number soft" aria-hidden="true">${now === undefined ? "–" : `${Math.round(now)} ${unit}`}</span>
  </div>`;
}

/** A number that one types, or steps to. */
function Amount({ label, hidden, limits = {}, ability, value, set }) {
  const [typed, setTyped] = useState(null);
  const { low, high, step } = limits;
  const by = step || (ability.startsWith("temperature") ? 0.5 : 1);
  const send = (wanted) =>
    Promise.resolve(set(Math.min(high ?? Infinity, Math.max(low ?? -Infinity, wanted))))
      .catch(complain)
      .finally(() => setTyped(null));
  const now = typed ?? value ?? "";
  return html`<div class="amount">
    ${!hidden && html`<span class="slide-label" aria-hidden="true">${label}</span>`}
    <${Step} label=${`Less: ${label}`} value=${value} go=${() => send(round(value - by))}>−<//>
    <input
      type="number"
      aria-label=${label}
      min=${low}
      max=${high}
      step=${by}
      value=${now}
      onInput=${(event) => setTyped(event.target.value)}
      onChange=${(event) => event.target.value !== "" && send(Number(event.target.value))}
    />
    <${Step} label=${`More: ${label}`} value=${value} go=${() => send(round(value + by))}>+<//>
  </div>`;
}

function Step({ label, value, go, children }) {
  const unknown = value === undefined;
  return html`<button type="button" class="button" aria-label=${label} disabled=${unknown} onClick=${go}>${children}</button>`;
}

function Line({ label, set }) {
  const [text, setText] = useState("");
  return html`<div class="row">
    <${Field} label=${label} value=${text} set=${setText} maxlength="255" />
    <${Button} run=${() => set(text)}>Send<//>
  </div>`;
}

const number = (value) => (value === undefined || value === null || Number.isNaN(Number(value)) ? undefined : Number(value));
const round = (value) => Math.round(value * 1000) / 1000;
const hex = (color) => `#${(color ?? [255, 255, 255]).map((part) => part.toString(16).padStart(2, "0")).join("")}`;
const rgb = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

// -- all about a device ----------------------------------------------------------------------------------------------

function Details({ of, areas }) {
  const device = of.value;
  const close = () => {
    // It is also closed by going to another page.
    if (location.hash.startsWith("#/house/")) location.hash = "#/house";
  };
  const colours = ["color", "color_temperature"];
  const settable = [...Object.keys(PERCENT), ...colours, ...Object.keys(NUMBERS), ...Object.keys(WORDS), "text"];
  const controls = settable.filter((ability) => device.abilities.includes(ability));
  return html`<${Dialog} title=${device.name} close=${close}>
    <div class="stack">
      <div class="row spread"><${Condition} device=${device} /><${Verbs} device=${device} /></div>
      ${device.coded.length > 0 &&
      html`<p class="hint">Some of what it does takes a code of its own, and can't be done from here.</p>`}
      ${controls.map((ability) => html`<${Control} key=${ability} device=${device} ability=${ability} />`)}
      <${Sayings} device=${device} />
      ${member() && html`<${Naming} key=${device.id} device=${device} areas=${areas} />`}
      <details>
        <summary>Technical</summary>
        <dl class="device-facts">
          <dt>Id</dt><dd><code>${device.id}</code></dd>
          <dt>Announced by</dt><dd>${device.source}</dd>
          <dt>Kind</dt><dd>${[device.domain, device.device_class].filter(Boolean).join(", ").replaceAll("_", " ")}</dd>
          ${device.floor && html`<dt>Floor</dt><dd>${device.floor}</dd>`}
          ${Object.entries(device.attributes).map(
            ([key, value]) => html`<dt key=${key}>${key.replaceAll("_", " ")}</dt><dd key=${`${key}=`}>${String(value)}</dd>`,
          )}
        </dl>
      </details>
    </div>
  <//>`;
}

function Sayings({ device }) {
  const names = [device.id, device.name, device.nicknames.join("\n")];
  const { value, error } = useLoaded(() => get(`${address(device)}/sentences`), names);
  const heading = html`<h3>What you can say</h3>`;
  if (error) return html`<section>${heading}<${Trouble} error=${error} /></section>`;
  if (!value) return html`<section>${heading}<${Waiting} what="Asking the grammar" /></section>`;
  const none = value.items.length === 0;
  if (none) return html`<section>${heading}<p class="soft">There are no examples for this one.</p></section>`;
  return html`<section>
    ${heading}
    <ul class="plain sayings">${value.items.map((text) => html`<li key=${text}>“${text}”</li>`)}</ul>
  </section>`;
}

function Naming({ device, areas }) {
  const [nicknames, setNicknames] = useState(device.nicknames);
  const [area, setArea] = useState(device.area ?? "");
  const [error, setError] = useState(null);
  const rooms = useRef(`rooms-${Math.random().toString(36).slice(2)}`);
  const save = async (event) => {
    event.preventDefault();
    const names = { nicknames: nicknames.map((name) => name.trim()).filter(Boolean) };
    if (area.trim() !== (device.area ?? "")) names.area = area.trim() || null;
    try {
      const saved = await patch(address(device), names);
      things.get(device.id).value = saved;
      setNicknames(saved.nicknames);
      setArea(saved.area ?? "");
      setError(null);
      tell(`${saved.name} is saved.`, "good");
    } catch (problem) {
      setError(problem.inWords);
    }
  };
  return html`<form class="stack" onSubmit=${save}>
    <h3>Names and room</h3>
    <${Many} label="Nickname" values=${nicknames} set=${setNicknames} />
    <${Field}
      label="Room"
      hint="Empty: the one that the device names itself."
      value=${area}
      set=${setArea}
      list=${rooms.current}
      maxlength="60"
    />
    <datalist id=${rooms.current}>${areas.map(({ name }) => html`<option key=${name} value=${name}></option>`)}</datalist>
    ${error && html`<p class="error" role="alert">${error}</p>`}
    <div><${Button} kind="main" type="submit">Save<//></div>
  </form>`;
}

function Room({ area, close, saved }) {
  const [names, setNames] = useState(area?.names ?? []);
  const [floor, setFloor] = useState(area?.floor ?? "");
  const [error, setError] = useState(null);
  const save = async (event) => {
    event.preventDefault();
    try {
      const body = { names: names.map((name) => name.trim()).filter(Boolean), floor: floor.trim() || null };
      await patch(`/v1/areas/${encodeURIComponent(area.name)}`, body);
      await saved();
      close();
      tell(`${area.name} is saved.`, "good");
    } catch (problem) {
      setError(problem.inWords);
    }
  };
  return html`<${Dialog} title=${area.name} close=${close}>
    <form class="stack" onSubmit=${save}>
      <${Many} label="Further name" values=${names} set=${setNames} />
      <${Field} label="Floor" hint="“Turn off the lights upstairs” needs it." value=${floor} set=${setFloor} maxlength="60" />
      ${error && html`<p class="error" role="alert">${error}</p>`}
      <div><${Button} kind="main" type="submit">Save<//></div>
    </form>
  <//>`;
}

/** A few texts, one under the other. */
function Many({ label, values, set }) {
  return html`<div class="stack">
    ${values.map(
      (value, at) =>
        html`<div class="row many" key=${at}>
          <${Field} label=${`${label} ${at + 1}`} value=${value} set=${(text) => set(values.with(at, text))} maxlength="40" />
          <${Button} kind="quiet" label=${`Remove ${value || label}`} run=${() => set(values.toSpliced(at, 1))}>✕<//>
        </div>`,
    )}
    <div><${Button} run=${() => set([...values, ""])}>Add a ${label.toLowerCase()}<//></div>
  </div>`;
}

function Nothing() {
  return html`<${Empty} title="No devices yet">
    <p>
      Devices that announce themselves on the MQTT broker appear here by themselves: by Home Assistant's discovery, zigbee2mqtt,
      Tasmota, Shelly or Homie.
    </p>
    <p><a href="#/health">See whether the broker is connected</a></p>
  <//>`;
}

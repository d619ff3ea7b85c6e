// One setting as a control, by the JSON Schema of its value.
import { html, useEffect, useState } from "../../lib/html.js";
import { Badge, Button, Card, Choice, Field, Toggle } from "../../lib/parts.js";

const TITLES = {
  "": "This assistant",
  api: "Page and API",
  audio: "Microphone and loudspeaker",
  board: "The board",
  cloud: "The bridge",
  confirm: "What is asked about first",
  hardware: "Lights, buttons, switches",
  kpi: "Counting",
  listen: "When a command begins and ends",
  memory: "What is kept",
  mqtt: "The broker",
  privacy: "What is taken out of what leaves the house",
  speak: "The voice",
  stt: "Speech to text",
  understand: "Understanding",
  update: "Updates",
  wake: "Waking",
  wyoming: "Other machines",
};
const NAMES = { stt: "speech to text", llm: "language model", vad: "speech detection", mqtt: "MQTT", tls: "TLS", pin: "PIN", url: "address", hid: "USB speakerphone", ca: "authority's" };
const SOURCES = {
  board: "for this kind of board",
  profile: "measured on this board",
  file: "in the settings file",
  kept: "kept apart",
  credential: "from the system",
  environment: "from the environment",
};

/** "first_word_s" → "First word (seconds)". */
export function titleOf(setting) {
  const words = setting.key.split(".").at(-1).split("_");
  const units = { s: " (seconds)", mb: " (MiB)", days: " (days)", hours: " (hours)", minutes: " (minutes)" };
  const unit = (words.length > 1 && units[words.at(-1)]) || "";
  const named = (unit ? words.slice(0, -1) : words).map((word) => NAMES[word] ?? word).join(" ");
  return named.charAt(0).toUpperCase() + named.slice(1) + unit;
}

/** The settings of one section. `folded`: behind its title, where something better stands before it. */
export function Section({ desk, section, settings, folded = false }) {
  const title = TITLES[section] ?? (section.startsWith("skills.") ? titleOf({ key: section }) : section);
  const list = html`<div class="stack">${settings.map((each) => html`<${Setting} key=${each.key} setting=${each} change=${desk.change} />`)}</div>`;
  if (folded) {
    return html`<section class="card"><details><summary><span>All about: ${title}</span></summary>${list}</details></section>`;
  }
  return html`<${Card} title=${title}>${list}<//>`;
}

/** Text with ``code`` in it. */
function Said({ text }) {
  return text.split("``").map((part, place) => (place % 2 ? html`<code key=${place}>${part}</code>` : part));
}

function Setting({ setting, change }) {
  const [error, setError] = useState("");
  const set = async (value) => {
    setError("");
    try {
      await change({ [setting.key]: value });
    } catch (problem) {
      setError(problem.inWords ?? problem.message);
    }
  };
  const own = setting.source !== "default";
  return html`<div class="setting" id=${setting.key}>
    <${Control} setting=${setting} set=${set} error=${error} />
    <p class="hint"><${Said} text=${setting.description} /></p>
    <p class="row hint">
      <code>${setting.key}</code>
      ${own && html`<${Badge}>${SOURCES[setting.source]}<//>`}
      ${setting.waits && html`<${Badge} tone="warn">waits for a restart<//>`}
      ${!setting.live && !setting.fixed && !setting.waits && html`<span>needs a restart</span>`}
      ${own && !setting.fixed && html`<${Button} kind="quiet" label=${`Back to the default: ${titleOf(setting)}`} run=${() => set(null)}>
        ${setting.secret ? "Forget" : `Back to ${written(setting.default)}`}
      <//>`}
    </p>
    ${setting.fixed && html`<p class="hint">Can't be changed here: ${setting.fixed}.</p>`}
  </div>`;
}

function written(value) {
  if (value === null || value === "") return "none";
  if (typeof value === "boolean") return value ? "on" : "off";
  return Array.isArray(value) ? value.join(", ") || "none" : typeof value === "object" ? "none" : String(value);
}

/** What of a schema a person fills in, and whether nothing may stand there. */
function kindOf(schema) {
  const kinds = schema.anyOf ?? [schema];
  const rest = kinds.filter((each) => each.type !== "null");
  return { kind: rest.length === 1 ? rest[0] : { type: "object" }, empty: rest.length < kinds.length };
}

function Control({ setting, set, error }) {
  const { kind, empty } = kindOf(setting.value_schema);
  const given = { label: titleOf(setting), error, disabled: Boolean(setting.fixed) };
  if (setting.secret) return html`<${Secret} ...${given} setting=${setting} set=${set} />`;
  if (kind.enum) {
    const choices = kind.enum.map((each) => [each, each]);
    return setting.fixed
      ? html`<${Field} ...${given} value=${setting.value} />`
      : html`<${Choice} ...${given} value=${setting.value ?? ""} set=${set} choices=${empty ? [["", "none"], ...choices] : choices} />`;
  }
  if (kind.type === "boolean") {
    return html`<div><${Toggle} label=${given.label} on=${setting.value} set=${set} disabled=${given.disabled} />
      ${error && html`<p class="error" role="alert">${error}</p>`}</div>`;
  }
  return html`<${Typed} ...${given} kind=${kind} value=${setting.value} set=${set} />`;
}

const WRITE = {
  array: (value) => (value ?? []).join("\n"),
  object: (value) => (value === null ? "" : JSON.stringify(value)),
};

function read(kind, text) {
  const plain = text.trim();
  if (kind.type === "array") return plain.split("\n").map((line) => line.trim()).filter(Boolean);
  if (!plain) return null;
  if (kind.type === "number" || kind.type === "integer") return Number(plain);
  return kind.type === "object" ? JSON.parse(plain) : plain;
}

/** A text, a number, lines, or JSON: sent when one leaves it, or presses Enter. */
function Typed({ label, kind, value, set, error, disabled }) {
  const asText = WRITE[kind.type] ?? ((each) => (each === null ? "" : String(each)));
  const [text, setText] = useState(asText(value));
  const [wrong, setWrong] = useState("");
  useEffect(() => setText(asText(value)), [JSON.stringify(value)]);
  const send = () => {
    if (text === asText(value)) return;
    setWrong("");
    try {
      set(read(kind, text));
    } catch {
      setWrong("that is no JSON");
    }
  };
  const numeric = kind.type === "number" || kind.type === "integer";
  if (kind.type === "array" || kind.type === "object") {
    return html`<${Field} label=${label} error=${error || wrong} hint=${kind.type === "array" ? "One a line." : "As JSON."}>
      ${(given) =>
        html`<textarea ...${given} rows=${kind.type === "array" ? Math.max(2, text.split("\n").length) : 2} value=${text} disabled=${disabled}
          onInput=${(event) => setText(event.target.value)} onBlur=${send}></textarea>`}
    <//>`;
  }
  return html`<${Field} label=${label} error=${error || wrong} type=${numeric ? "number" : "text"} value=${text} set=${setText} disabled=${disabled}
    step=${kind.type === "integer" ? 1 : "any"} min=${kind.minimum ?? kind.exclusiveMinimum} max=${kind.maximum ?? kind.exclusiveMaximum}
    onBlur=${send} onKeyDown=${(event) => event.key === "Enter" && send()} />`;
}

/** Never shown; entered anew. */
function Secret({ label, setting, set, error, disabled }) {
  const [text, setText] = useState("");
  const send = async () => {
    await set(text);
    setText("");
  };
  return html`<div class="row secret">
    <${Field} label=${label} error=${error} type="password" autocomplete="off" value=${text} set=${setText} disabled=${disabled}
      placeholder=${setting.is_set ? "is set" : "not set"} />
    <${Button} run=${send} disabled=${disabled || !text}>Set<//>
  </div>`;
}

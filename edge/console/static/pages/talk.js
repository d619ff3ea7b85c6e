// Talk: by the browser's microphone, or in writing; the answer is heard and seen.
import { html, signal, useEffect, useRef } from "../lib/html.js";
import { Badge, Button, Card, Field, Toggle, complain } from "../lib/parts.js";
import { NoMicrophone, openMicrophone } from "../lib/microphone.js";
import { Player } from "../lib/player.js";
import { Line } from "../lib/voice.js";

/** Shorter than this it was a tap: it listens until nothing more is said. Longer, it listens while one holds. */
const TAP_MS = 350;
const KEPT = 100;
const OUTCOMES = {
  failed: ["bad", "Not done"],
  unconfirmed: ["warn", "Not confirmed"],
  queued: ["", "Later"],
  not_understood: ["warn", "Not understood"],
  cancelled: ["", "Stopped"],
};
const DOING = { idle: "", opening: "Opening the microphone…", listening: "Listening…", thinking: "Thinking…", speaking: "Speaking…" };

/** What was said, also while another page is shown: [{id, who, text, news}]. */
const said = signal([]);
const phase = signal("idle");
const partial = signal("");
const level = signal(0);
const trouble = signal(null);
const aloud = signal(stored("aloud", true));
const again = signal(stored("again", true));

const player = new Player();
let line = null;
let session;
let closeMicrophone = null;
/** What listens, be it that its microphone still opens: {begun}. Whoever stops it makes it null. */
let hearing = null;
/** A press that is going on: {at, released, held}. */
let press = null;
/** Whether the last command was spoken, so that the answer to a question is, too. */
let spoke = false;

function stored(name, otherwise) {
  return (localStorage.getItem(`talk.${name}`) ?? String(otherwise)) === "true";
}

function keep(name, holder, value) {
  holder.value = value;
  localStorage.setItem(`talk.${name}`, String(value));
}

// -- the line --------------------------------------------------------------------------------------------------------

async function connected() {
  if (line === null || line.left) {
    line = new Line({ session, sound: aloud.value }, { hear, sound: (pcm) => player.push(pcm), lost });
  }
  await line.open();
  return line;
}

function lost() {
  line = null;
  stopListening();
  phase.value = "idle";
  complain(new Error("The assistant can't be reached"));
}

function hear(message) {
  switch (message.type) {
    case "ready":
      session = message.session;
      break;
    case "problem":
      complain({ message: message.detail });
      break;
    case "speech_ended":
      stopListening();
      phase.value = "thinking";
      break;
    case "partial":
      partial.value = message.text;
      break;
    case "transcribed":
      partial.value = "";
      show("you", message.text);
      break;
    case "reply_part":
      tell(message.turn, message.text);
      break;
    case "reply_ready":
      tell(message.turn, message.text, true);
      break;
    case "sound":
      player.begin(message.rate);
      phase.value = "speaking";
      break;
    case "turn_ended":
      ended(message);
      break;
    case "invited":
      invited().catch(complain);
      break;
  }
}

function ended(message) {
  stopListening();
  partial.value = "";
  if (message.outcome === "silence") show("assistant", "I heard nothing.", { id: message.turn });
  const [tone, news] = OUTCOMES[message.outcome] ?? [];
  if (news) amend(message.turn, { tone, news });
  player.quiet().then(() => {
    if (phase.value === "speaking" || phase.value === "thinking") phase.value = "idle";
  });
  if (!player.sounding) phase.value = "idle";
}

/** The answer asks something: whoever spoke may simply go on. */
async function invited() {
  if (!again.value || !spoke) return;
  await player.quiet();
  if (phase.value === "idle") await listen({ held: false });
}

// -- what is on the page ---------------------------------------------------------------------------------------------

function show(who, text, rest = {}) {
  if (!text) return;
  said.value = [...said.value, { id: `${who}-${said.value.length}-${Date.now()}`, who, text, ...rest }].slice(-KEPT);
}

/** The answer of a turn, whole or one sentence more of it. */
function tell(id, text, whole = false) {
  const known = said.value.find((each) => each.id === id);
  if (known === undefined) show("assistant", text, { id });
  else amend(id, { text: whole ? text || known.text : `${known.text} ${text}` });
}

function amend(id, news) {
  said.value = said.value.map((each) => (each.id === id ? { ...each, ...news } : each));
}

// -- speaking --------------------------------------------------------------------------------------------------------

function pressed() {
  if (press !== null) return;
  player.unlock();
  if (phase.value === "listening" || phase.value === "opening") {
    // The second tap ends what the first began.
    enough();
    return;
  }
  press = { at: Date.now(), released: false };
  listen(press).catch(complain);
}

function released() {
  if (press === null) return;
  press.released = true;
  // Whoever lets go before it listens, as when the browser asks about the microphone, has tapped.
  press.held = Boolean(hearing?.begun) && Date.now() - press.at >= TAP_MS;
  const { held } = press;
  press = null;
  if (held) enough();
}

/** All is said. Where it had not begun to listen, nothing was. */
async function enough() {
  const begun = hearing?.begun;
  phase.value = begun ? "thinking" : "idle";
  await stopListening();
  if (begun) line?.send({ type: "stop" });
}

/** Open the microphone and send what it hears. Whether it is held is known once it is let go, or held for a while. */
async function listen(how) {
  trouble.value = null;
  player.stop();
  spoke = true;
  phase.value = "opening";
  const waiting = [];
  const mine = (hearing = { begun: false });
  const begin = (held) => {
    mine.begun = true;
    line.send({ type: "start", held });
    for (const pcm of waiting.splice(0)) line.speak(pcm);
  };
  const opening = openMicrophone((pcm, loud) => {
    level.value = loud;
    if (mine.begun) line?.speak(pcm);
    else waiting.push(pcm);
  });
  let close;
  try {
    [close] = await Promise.all([opening, connected()]);
  } catch (error) {
    // It may open still, when somebody has allowed it.
    opening.then((late) => late(), () => {});
    if (hearing !== mine) return;
    phase.value = "idle";
    stopListening();
    if (error instanceof NoMicrophone) trouble.value = error;
    else throw error;
    return;
  }
  // Somebody had enough before it was open, or has left the page.
  if (hearing !== mine) return close();
  closeMicrophone = close;
  phase.value = "listening";
  if (how.held === undefined) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, TAP_MS - (Date.now() - how.at))));
  }
  if (hearing === mine) begin(how.held ?? !how.released);
}

async function stopListening() {
  const close = closeMicrophone;
  closeMicrophone = hearing = null;
  level.value = 0;
  await close?.();
}

async function write(text) {
  player.unlock();
  player.stop();
  await stopListening();
  spoke = false;
  show("you", text);
  phase.value = "thinking";
  try {
    (await connected()).send({ type: "text", text });
  } catch (error) {
    phase.value = "idle";
    throw error;
  }
}

async function stop() {
  player.stop();
  line?.send({ type: "cancel" });
  await stopListening();
  phase.value = "idle";
}

function setAloud(value) {
  keep("aloud", aloud, value);
  if (!value) player.stop();
  // The assistant is told with the next command: it need not speak what nobody hears.
  line?.leave();
  line = null;
}

function leave() {
  player.stop();
  stopListening();
  line?.leave();
  line = null;
  press = null;
  phase.value = "idle";
  partial.value = "";
}

// -- the page --------------------------------------------------------------------------------------------------------

export function Page() {
  useEffect(() => {
    const down = (event) => {
      if (event.code === "Space" && !event.repeat && !busyElement(event.target)) {
        event.preventDefault();
        pressed();
      }
    };
    const up = (event) => event.code === "Space" && released();
    document.addEventListener("keydown", down);
    document.addEventListener("keyup", up);
    return () => {
      document.removeEventListener("keydown", down);
      document.removeEventListener("keyup", up);
      leave();
    };
  }, []);
  return html`<${Conversation} />
    <${Card} title="Say or type something" kind="talk">
      ${window.isSecureContext ? html`<${Speak} />` : html`<${Insecure} />`}
      <${Write} />
      <div class="row">
        <${Toggle} label="Answer aloud" on=${aloud.value} set=${setAloud} />
        ${window.isSecureContext &&
        html`<${Toggle} label="Listen again after a question" on=${again.value} set=${(on) => keep("again", again, on)} />`}
      </div>
    <//>`;
}

/** Where the space key has a meaning of its own. */
function busyElement(element) {
  return element.closest?.("input, textarea, select, button, a, [contenteditable], dialog") && !element.closest(".speak");
}

function Conversation() {
  const end = useRef(null);
  useEffect(() => end.current?.scrollIntoView({ block: "nearest" }), [said.value.length, partial.value]);
  const nothing = said.value.length === 0 && !partial.value;
  return html`<section class="conversation" aria-label="Conversation">
    ${nothing && html`<p class="soft">Try “turn on the kitchen light”, “set a timer for ten minutes”, or “what can you do?”.</p>`}
    <div role="log" aria-live="polite"><ol class="plain stack">
      ${said.value.map(
        ({ id, who, text, tone, news }) =>
          html`<li key=${id} class=${`said ${who}`}>
            <p><span class="visually-hidden">${who === "you" ? "You: " : "Assistant: "}</span>${text}</p>
            ${news && html`<${Badge} tone=${tone}>${news}<//>`}
          </li>`,
      )}
    </ol></div>
    ${partial.value && html`<p class="said you soft">${partial.value}…</p>`}
    <span ref=${end}></span>
  </section>`;
}

function Speak() {
  const listening = phase.value === "listening" || phase.value === "opening";
  const doing = phase.value !== "idle";
  return html`<div class="speaking">
    <button
      type="button"
      class=${`speak ${phase.value}`}
      aria-pressed=${String(listening)}
      aria-describedby="speak-hint"
      onPointerDown=${(event) => {
        event.target.setPointerCapture?.(event.pointerId);
        if (event.button === 0) pressed();
      }}
      onPointerUp=${released}
      onPointerCancel=${released}
      onContextMenu=${(event) => event.preventDefault()}
      onKeyDown=${(event) => {
        if (event.key === "Enter" && !event.repeat) {
          event.preventDefault();
          pressed();
        }
      }}
      onKeyUp=${(event) => event.key === "Enter" && released()}
      onClick=${byAssistiveTechnology}
    >
      <${Loudness} />
      <span>${listening ? "Listening" : "Talk"}</span>
    </button>
    <div class="stack">
      <p role="status">${DOING[phase.value]}</p>
      <p class="hint" id="speak-hint">Tap and speak, or hold while you speak. The space key does the same.</p>
      ${doing && html`<div class="row"><${Button} run=${stop}>Stop<//></div>`}
    </div>
  </div>
  ${trouble.value && html`<div class="trouble" role="alert"><p>${trouble.value.inWords}</p></div>`}`;
}

/** A click without a pointer or a key comes from a screen reader or from voice control: it is a tap. */
function byAssistiveTechnology(event) {
  if (event.detail !== 0 || event.pointerType) return;
  pressed();
  released();
}

function Loudness() {
  const ring = useRef(null);
  useEffect(() => ring.current.style.setProperty("--level", Math.min(1, Math.sqrt(level.value) * 1.6)), [level.value]);
  return html`<span class="loudness" ref=${ring} aria-hidden="true"></span>`;
}

function Insecure() {
  const secure = `https://${location.hostname}:8766/`;
  return html`<div class="stack">
    <p>
      <strong>The microphone needs a secure page.</strong> Browsers give it only to pages that come by https, or from the
      machine itself. Typing works here, too.
    </p>
    <p>
      Open <a href=${secure}>${secure}</a> instead (or the port that <code>api.tls_port</code> names). The browser asks once
      whether you trust the assistant's own certificate.
    </p>
  </div>`;
}

function Write() {
  const field = useRef(null);
  const submit = (event) => {
    event.preventDefault();
    const input = field.current.querySelector("input");
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    write(text).catch(complain);
  };
  return html`<form class="write" onSubmit=${submit} ref=${field}>
    <${Field} label="Type instead">
      ${(given) => html`<input ...${given} type="text" maxlength="1000" autocomplete="off" enterkeyhint="send" />`}
    <//>
    <${Button} type="submit" kind="main">Send<//>
  </form>`;
}

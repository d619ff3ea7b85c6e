// What the assistant does and hears at this moment, and the last turns.
import { get, post, put } from "../lib/api.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { useEvents } from "../lib/live.js";
import { Badge, Button, Card, Choice, complain, Empty, Field, Meter, tell, Toggle, Trouble, Waiting } from "../lib/parts.js";
import { OUTCOMES, TurnCard } from "../lib/turns.js";

const PHASES = {
  idle: ["Waits for its wake word", ""],
  muted: ["The microphone is off", "warn"],
  listening: ["Listens", "good"],
  thinking: ["Thinks", "good"],
  speaking: ["Speaks", "good"],
  ringing: ["Rings", "warn"],
};
const WRITTEN = ["Waits for a question in writing", ""];
const QUIETEST_DB = -70;
const AGAIN_MS = 1000;
const TYPING_MS = 250;

export function Page() {
  const now = useNow();
  return html`<div class="now">
    <div class="grid">
      <${Moment} now=${now} />
      <${Aloud} now=${now} />
    </div>
    <${Turns} now=${now} />
  </div>`;
}

/** What /v1/now tells, as it changes; null before it has told anything. Not asked for while the page is hidden. */
function useNow() {
  const [now, setNow] = useState(null);
  useEffect(() => {
    let socket = null;
    let timer = null;
    let shown = true;
    const open = () => {
      if (!shown || document.hidden || socket) return;
      socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/now`);
      socket.onmessage = ({ data }) => setNow(JSON.parse(data));
      socket.onclose = () => {
        socket = null;
        timer = setTimeout(open, AGAIN_MS);
      };
    };
    const hide = () => (document.hidden ? socket?.close() : open());
    document.addEventListener("visibilitychange", hide);
    open();
    return () => {
      shown = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", hide);
      socket?.close();
    };
  }, []);
  return now;
}

function Moment({ now }) {
  if (!now) return html`<${Card} title="At this moment"><${Waiting} /><//>`;
  const [phase, tone] = !now.hears && now.phase === "idle" ? WRITTEN : PHASES[now.phase];
  const words = Object.entries(now.words);
  const set = async (on) => {
    await put("/v1/listening", { on });
  };
  return html`<${Card} title="At this moment" kind="moment">
    <p role="status"><${Badge} tone=${tone}>${phase}<//></p>
    ${now.hears
      ? html`<${Level} now=${now} />
          ${words.map(([word, told]) => html`<${Score} key=${word} word=${word} ...${told} />`)}
          ${words.length > 0 && html`<p class="hint">The mark is how sure it must be to wake.</p>`}
          <div class="row spread">
            <${Toggle} label="Microphone" on=${now.listening} disabled=${now.locked} set=${set} />
            <${Button} run=${() => post("/v1/press")}>${now.phase === "ringing" ? "Stop it" : "Listen now"}<//>
          </div>
          ${now.locked && html`<p class="hint">Its own mute switch is off: move that to turn the microphone on.</p>`}`
      : html`<p class="soft">It has no microphone. Talk to it, or write, on the page <a href="#/talk">Talk</a>.</p>
          ${now.phase === "ringing" && html`<${Button} run=${() => post("/v1/press")}>Stop it<//>`}`}
  <//>`;
}

function Level({ now }) {
  const level = now.level_db;
  const value = level === null ? 0 : 1 - level / QUIETEST_DB;
  return html`<${Meter} label="Loudness" value=${value} text=${level === null ? "no sound" : `${Math.round(level)} dB`} />`;
}

/** The highest score stays for a moment: a wake word lasts half a second. */
function Score({ word, threshold, score }) {
  const peak = useRef({ score: 0, at: 0 });
  const now = performance.now();
  if (score >= peak.current.score || now - peak.current.at > 1500) peak.current = { score, at: now };
  const shown = peak.current.score;
  const text = `${shown.toFixed(2)} of ${threshold.toFixed(2)}`;
  return html`<${Meter} label=${`“${word.replaceAll("_", " ")}”`} value=${shown} mark=${threshold} text=${text} />`;
}

function Aloud({ now }) {
  const [text, setText] = useState("");
  const [everywhere, setEverywhere] = useState(false);
  const say = async (event) => {
    event.preventDefault();
    try {
      await post("/v1/say", { text, everywhere });
      setText("");
      tell(everywhere ? "Every room was told." : "It was said.", "good");
    } catch (error) {
      complain(error);
    }
  };
  return html`<${Card} title="Say something aloud">
    <form class="stack" onSubmit=${say}>
      <${Field} label="What it says" value=${text} set=${setText} placeholder="Dinner is ready." required maxlength="1000" />
      <div class="row spread">
        <${Toggle} label="In every room" on=${everywhere} set=${setEverywhere} />
        <${Button} kind="main" type="submit" disabled=${!text.trim()}>Say it<//>
      </div>
      ${now?.speaks === false &&
      !everywhere &&
      html`<p class="hint">This assistant has no loudspeaker; others in the house may.</p>`}
    </form>
  <//>`;
}

/** Those of `newer` before the others of `older`. */
function together(newer, older) {
  return [...newer, ...older.filter((each) => !newer.some((one) => one.id === each.id))];
}

function Turns({ now }) {
  const [turns, setTurns] = useState(null);
  const [next, setNext] = useState(null);
  const [error, setError] = useState(null);
  const [filter, setFilter] = useState({ text: "", outcome: "" });
  const [fresh, setFresh] = useState(new Set());
  const asked = useRef(0);
  /** How the list is narrowed now, and the turns that have ended since it was asked for. */
  const narrowed = useRef(filter);
  const since = useRef([]);
  narrowed.current = filter;
  const query = () => new URLSearchParams(Object.entries({ limit: 20, ...filter }).filter(([, value]) => value));
  const load = (after) => {
    // An answer that another question has overtaken is about other turns than those that are looked for now.
    const mine = ++asked.current;
    if (!after) since.current = [];
    return get(`/v1/turns?${query()}${after ? `&after=${encodeURIComponent(after)}` : ""}`).then(
      (page) => {
        if (mine !== asked.current) return;
        setTurns((before) => (after ? [...(before ?? []), ...page.items] : together(since.current, page.items)));
        setNext(page.next);
        setError(null);
      },
      (problem) => mine === asked.current && setError(problem),
    );
  };
  useEffect(() => {
    const timer = setTimeout(load, filter.text ? TYPING_MS : 0);
    return () => clearTimeout(timer);
  }, [filter.text, filter.outcome]);
  useEvents(
    "turn_ended",
    async ({ turn }) => {
      if (filter.text || filter.outcome) return;
      const told = await get(`/v1/turns/${turn}`).catch(() => null);
      if (told === null || narrowed.current.text || narrowed.current.outcome) return;
      since.current = together([told], since.current);
      setFresh((before) => new Set([...before, turn]));
      setTurns((before) => together([told], before ?? []));
    },
    [filter.text, filter.outcome],
  );
  useEvents("hello", ({ resumed }) => resumed === false && turns !== null && load(), [turns === null]);
  useEvents("dropped", () => load(), []);
  const changed = (turn) => setTurns((before) => before.map((each) => (each.id === turn.id ? turn : each)));
  const filtered = filter.text || filter.outcome;
  return html`<section class="stack" aria-labelledby="turns">
    <h2 id="turns">The last turns</h2>
    <div class="turn-filters">
      <${Field} label="Find" type="search" value=${filter.text} set=${(text) => setFilter((before) => ({ ...before, text }))} />
      <${Choice}
        label="That ended"
        value=${filter.outcome}
        set=${(outcome) => setFilter((before) => ({ ...before, outcome }))}
        choices=${[["", "in any way"], ...Object.entries(OUTCOMES).map(([key, [text]]) => [key, text])]}
      />
    </div>
    ${now?.keep_turns_days === 0 &&
    html`<p class="hint">No journal is kept (memory.keep_turns_days is 0): turns are only here until the assistant stops.</p>`}
    ${error && html`<${Trouble} error=${error} retry=${() => load()} />`}
    ${!turns && !error && html`<${Waiting} />`}
    ${turns?.length === 0 &&
    (filtered
      ? html`<${Empty} title="No turn is like that" />`
      : html`<${Empty} title="Nobody has said anything yet">
          <p>Say “Okay Nabu, turn on the kitchen light”, or open <a href="#/talk">Talk</a>.</p>
        <//>`)}
    <div class="stack" aria-live="polite" aria-relevant="additions">
      ${turns?.map((turn) => html`<${TurnCard} key=${turn.id} turn=${turn} changed=${changed} fresh=${fresh.has(turn.id)} />`)}
    </div>
    ${next && html`<div class="row"><${Button} run=${() => load(next)}>Show older ones<//></div>`}
  </section>`;
}

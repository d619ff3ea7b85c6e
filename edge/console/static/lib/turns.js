// A turn as a card: what was heard, understood, done and said; why, how long it took, and what to do if it was wrong.
import { del, get, post } from "./api.js";
import { html, useState } from "./html.js";
import { ago, Badge, Button, Dialog, Field, tell, Trouble, useLoaded, Waiting } from "./parts.js";
import { Waterfall } from "./waterfall.js";

/** By outcome: what it is called, and its tone. */
export const OUTCOMES = {
  done: ["done", "good"],
  failed: ["failed", "bad"],
  unconfirmed: ["not confirmed", "warn"],
  queued: ["waits", "warn"],
  not_understood: ["not understood", "warn"],
  silence: ["nothing was said", ""],
  cancelled: ["cancelled", ""],
};
const TIERS = {
  context: "what was said before",
  grammar: "its grammar",
  semantic: "its meaning",
  llm: "the small language model",
  cloud: "the cloud",
  program: "another program",
};
const WRONG = [
  ["wake", "Nobody had called it"],
  ["heard", "It heard other words than were said"],
  ["understood", "The words are right, but they mean something else"],
  ["done", "It did something else, or nothing"],
];
const RESULTS = {
  nothing: "Kept. Thank you.",
  same: "Kept. It knows that sentence: say it again, and it is understood.",
  has_meaning: "Kept for evaluation. What it heard means something of its own, so nothing else was made of it.",
  not_understood: "Kept for evaluation. The right sentence is not understood, either.",
};

/** "HassTurnOn, name Kitchen Light" */
export function described(intent) {
  const slots = Object.entries(intent.slots).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`);
  return [intent.name.replace(/^(Hass|Hearth)/, "").replace(/(?<=[a-z])(?=[A-Z])/g, " "), ...slots].join(", ");
}

/** `turn`: as /v1/turns tells it; `changed` is given it anew when somebody has judged it. */
export function TurnCard({ turn, changed, fresh = false }) {
  const [open, setOpen] = useState(false);
  const [outcome, tone] = OUTCOMES[turn.outcome] ?? [turn.outcome, ""];
  return html`<article class=${`card turn ${fresh ? "fresh" : ""}`} aria-label=${turn.text || "A turn without words"}>
    <header class="card-head">
      <h3 class="heard">${turn.text ? html`“${turn.text}”` : html`<span class="soft">Nothing was heard</span>`}</h3>
      <${Badge} tone=${tone}>${outcome}<//>
    </header>
    <dl class="facts">
      ${turn.wake && html`<dt>Woke</dt><dd>by “${turn.wake.word.replaceAll("_", " ")}”, ${turn.wake.score.toFixed(2)}</dd>`}
      ${turn.intent && html`<dt>Understood</dt><dd><${Meaning} turn=${turn} /></dd>`}
      ${turn.actions.length > 0 && html`<dt>Done</dt><dd><${Actions} actions=${turn.actions} /></dd>`}
      ${turn.said && html`<dt>Said</dt><dd>“${turn.said}”</dd>`}
      ${turn.answered_in && html`<dt>Answered</dt><dd>in ${turn.answered_in}, which heard it better</dd>`}
      ${turn.feedback && html`<dt>You said</dt><dd><${Judged} turn=${turn} changed=${changed} /></dd>`}
    </dl>
    <footer class="row spread">
      <span class="soft">
        <time dateTime=${new Date(turn.at * 1000).toISOString()}>${ago(turn.at)}</time>${!turn.kept && " · not kept"}
      </span>
      <${Button} kind="quiet" run=${() => setOpen(!open)} expanded=${open}>${open ? "Less" : "More about it"}<//>
    </footer>
    ${open && html`<${Details} turn=${turn} changed=${changed} />`}
  </article>`;
}

function Meaning({ turn }) {
  const sure = Math.round(turn.confidence * 100);
  return html`${[turn.intent, ...turn.further].map((intent) => html`<span class="intent">${described(intent)}</span>`)}
    <span class="soft"> by ${TIERS[turn.tier] ?? turn.tier}, ${sure} % sure</span>`;
}

function Actions({ actions }) {
  return html`<ul class="plain">
    ${actions.map((action) => {
      const change = Object.entries(action.command).map(([key, value]) =>
        key === "state" ? `${value}` : `${key.replaceAll("_", " ")} ${value}`,
      );
      return html`<li>
        ${action.name || action.device}: ${change.join(", ").toLowerCase()} —${" "}
        <span class=${action.confirmed ? "good" : "warn"}>
          ${action.confirmed ? `confirmed by the device after ${action.ms} ms` : action.result.replaceAll("_", " ")}
        </span>
      </li>`;
    })}
  </ul>`;
}

function Judged({ turn, changed }) {
  const { wrong, meant, learnt } = turn.feedback;
  const label = wrong ? WRONG.find(([key]) => key === wrong)?.[1] : "It was right";
  const undo = async () => {
    await del(`/v1/turns/${turn.id}/feedback`);
    changed({ ...turn, feedback: null });
    tell(learnt ? "Taken back, and unlearnt." : "Taken back.");
  };
  return html`${label}${meant && html`: “${meant}”`}${learnt && html` <${Badge} tone="good">learnt<//>`}${" "}
    <${Button} kind="quiet" run=${undo}>Take it back<//>`;
}

function Details({ turn, changed }) {
  const { value, error, again } = useLoaded(() => get(`/v1/turns/${turn.id}`), [turn.id]);
  const [judging, setJudging] = useState(false);
  const [replayed, setReplayed] = useState(null);
  if (error) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!value) return html`<${Waiting} what="Looking it up" />`;
  const named = (id) => turn.actions.find((action) => action.device === id)?.name || id;
  const replay = async (act) => {
    const told = await post(`/v1/turns/${turn.id}/replay`, { act });
    if (act) tell("Done again, as a new turn.", "good");
    else setReplayed(told);
  };
  const right = async () => {
    await post(`/v1/turns/${turn.id}/feedback`, { wrong: "" });
    changed({ ...turn, feedback: { wrong: "", meant: "", intent: null, learnt: false } });
  };
  return html`<div class="stack details">
    <${Waterfall} turn=${value} named=${named} />
    ${value.recorded &&
    html`<audio controls preload="none" src=${`/v1/turns/${turn.id}/audio`} aria-label="What was said"></audio>`}
    <div class="row">
      <${Button} run=${() => setJudging(true)}>This was wrong<//>
      ${!turn.feedback && html`<${Button} kind="quiet" run=${right}>It was right<//>`}
      <${Button} run=${() => replay(false)}>What would it do now?<//>
      ${turn.text && html`<${Button} run=${() => replay(true)}>Do it again<//>`}
    </div>
    ${replayed && html`<${Replayed} told=${replayed} />`}
    ${judging && html`<${Judge} turn=${turn} changed=${changed} close=${() => setJudging(false)} />`}
  </div>`;
}

function Replayed({ told }) {
  const meaning = ({ intents, tier, confidence }) =>
    tier
      ? `${intents.map(described).join(" + ")} (by ${TIERS[tier] ?? tier}, ${Math.round(confidence * 100)} %)`
      : "it is not understood";
  return html`<div role="status" class="replayed">
    <p>
      <${Badge} tone=${told.same ? "good" : "warn"}>${told.same ? "the same as then" : "not the same as then"}<//>
      ${told.from_sound ? html` It would now hear “${told.heard}”.` : html` From the words “${told.heard}”.`}
    </p>
    <p>Now: ${meaning(told.now)}. ${!told.same && html`Then: ${meaning(told.then)}.`} Nothing was done.</p>
  </div>`;
}

function Judge({ turn, changed, close }) {
  const choices = WRONG.filter(([key]) => (key === "wake" ? !turn.text || turn.wake : turn.text));
  const [wrong, setWrong] = useState(choices[0]?.[0] ?? "wake");
  const [meant, setMeant] = useState("");
  const [error, setError] = useState("");
  const sentence = wrong === "heard" || wrong === "understood";
  const send = async (event) => {
    event.preventDefault();
    setError("");
    try {
      const told = await post(`/v1/turns/${turn.id}/feedback`, { wrong, meant: sentence ? meant : "" });
      changed({ ...turn, feedback: told });
      const learnt = told.result === "learnt";
      tell(learnt ? `From now on “${turn.text}” means: ${described(told.intent)}.` : RESULTS[told.result], "good");
      close();
    } catch (problem) {
      setError(problem.inWords ?? problem.message);
    }
  };
  return html`<${Dialog} title="What was wrong?" close=${close}>
    <form class="stack" onSubmit=${send}>
      <fieldset class="choices">
        <legend class="visually-hidden">What was wrong</legend>
        ${choices.map(
          ([key, text]) =>
            html`<label class="row"
              ><input type="radio" name="wrong" value=${key} checked=${wrong === key} onChange=${() => setWrong(key)} />
              <span>${text}</span></label
            >`,
        )}
      </fieldset>
      ${sentence &&
      html`<${Field}
        label=${wrong === "heard" ? "What was said" : "How you would say it so that it is understood"}
        hint="Such as “turn on the kitchen light”. It is kept as an example."
        error=${error}
        value=${meant}
        set=${setMeant}
        required=${wrong === "understood"}
      />`}
      ${!sentence && error && html`<p class="error" role="alert">${error}</p>`}
      <div class="row"><${Button} kind="main" type="submit">Keep it<//><${Button} run=${close}>Cancel<//></div>
    </form>
  <//>`;
}

// Wake words: which, how readily, and words of one's own.
import { html, useEffect, useState } from "../../lib/html.js";
import { call, del, get, post } from "../../lib/api.js";
import { openMicrophone } from "../../lib/microphone.js";
import { Badge, Button, Card, Field, Meter, Toggle, Trouble, Waiting, tell, useLoaded } from "../../lib/parts.js";
import { wavOf } from "../../lib/wav.js";
import { Curve } from "./curve.js";

const LONGEST_MS = 2500;
const FEWEST = 3;

export function Wake({ desk }) {
  const { value, error, again } = useLoaded(() => get("/v1/wake"), [desk.version]);
  if (error) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!value) return html`<${Waiting} />`;
  return html`
    ${value.others.length > 0 && html`<p class="soft">Also listened for, and not known here: ${value.others.join(", ")}.</p>`}
    <div class="grid">${value.words.map((word) => html`<${Word} key=${word.setting} word=${word} wake=${value} desk=${desk} />`)}</div>
    <${Own} wake=${value} again=${again} />
  `;
}

function Word({ word, wake, desk }) {
  const chosen = desk.settings.find((each) => each.key === "wake.words").value;
  const thresholds = desk.settings.find((each) => each.key === "wake.thresholds").value;
  const same = word.engine === wake.engine;
  const listen = (on) => {
    const words = on ? [...(same ? chosen : []), word.setting] : chosen.filter((each) => each !== word.setting);
    if (!words.length) throw new Error("one word at least: it could not be woken any more");
    return desk.change({ "wake.engine": word.engine, "wake.words": words });
  };
  const set = (threshold) => {
    const { [word.word]: _, ...others } = thresholds;
    return desk.change({ "wake.thresholds": threshold === null ? others : { ...others, [word.word]: threshold } });
  };
  return html`<${Card} title=${`“${word.phrase}”`} actions=${word.own && html`<${Badge}>your own<//>`}>
    <${Toggle} label="Listen for it" on=${word.in_use} set=${listen} />
    ${!same && html`<p class="hint">Words that were trained here and those that came with the program can't be listened for at the same time: this one takes the place of the others.</p>`}
    <${Curve} word=${word} usual=${word.curve?.usual} set=${set} changed=${word.word in thresholds} />
  <//>`;
}

function Own({ wake, again }) {
  const [phrase, setPhrase] = useState(wake.recorded[0]?.replaceAll("_", " ") ?? "");
  const word = phrase.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return html`<${Card} title="Try a word, or make one of your own">
    <p class="soft">Record yourself saying a word: you see how sure its model is of your voice. For a word that has no model yet, recordings help to train one.</p>
    <${Field} label="The word" value=${phrase} set=${setPhrase} placeholder="hey lantern" maxlength="40" list="wake-words" />
    <datalist id="wake-words">${[...new Set([...wake.words.map((each) => each.phrase), ...wake.recorded.map((each) => each.replaceAll("_", " "))])].map(
      (each) => html`<option key=${each} value=${each} />`,
    )}</datalist>
    ${word.length >= 3 && html`<${Recordings} key=${word} word=${word} wake=${wake} />
      ${!wake.words.some((each) => each.word === word && !each.own) && html`<${Train} key=${`train ${word}`} word=${word} phrase=${phrase} needs=${wake.training_needs} done=${again} />`}`}
  <//>`;
}

function Recordings({ word }) {
  const path = `/v1/wake/recordings/${word}`;
  const { value, error, again } = useLoaded(() => get(path), [word]);
  const [level, setLevel] = useState(null);
  const record = async () => {
    const pieces = [];
    setLevel(0);
    try {
      const close = await openMicrophone((pcm, loud) => {
        pieces.push(pcm);
        setLevel(loud);
      });
      await new Promise((resolve) => setTimeout(resolve, LONGEST_MS));
      await close();
    } finally {
      setLevel(null);
    }
    const take = await call("POST", path, wavOf(pieces), { headers: { "Content-Type": "audio/wav" } });
    if (take.problem) tell(`Kept, but ${take.problem}.`, "warn");
    again();
  };
  return html`<div class="stack">
    <div class="row">
      <${Button} kind="main" run=${record}>${level === null ? "● Record" : "Say it now"}<//>
      <span class="visually-hidden" role="status">${level === null ? "" : "Say it now"}</span>
      ${level !== null && html`<${Meter} label="Level" value=${level} text="" />`}
    </div>
    ${error && html`<${Trouble} error=${error} retry=${again} />`}
    ${value && html`<${Takes} path=${path} judged=${value} again=${again} />`}
  </div>`;
}

function Takes({ path, judged, again }) {
  const { takes, threshold, suggestion } = judged;
  if (!takes.length) return html`<p class="soft">No recordings yet. ${FEWEST} at least, said as you would, some from further away.</p>`;
  const woken = takes.filter((take) => take.score !== null && take.score > threshold).length;
  return html`<ol class="plain stack">
      ${takes.map((take, place) => html`<${Take} key=${take.id} take=${take} place=${place + 1} path=${path} threshold=${threshold} again=${again} />`)}
    </ol>
    ${judged.has_model && html`<p>At its threshold of ${threshold.toFixed(2)}, <strong>${woken} of ${takes.length}</strong> would wake it.</p>`}
    ${suggestion && html`<p>${suggestion.certain ? "Your voice speaks for" : "No threshold is good for all of them; the best is"} <strong class="number">${suggestion.threshold.toFixed(2)}</strong>: ${suggestion.wakes} of them wake it${
      suggestion.false_accepts_per_hour === null ? "" : `, and other speech ${suggestion.false_accepts_per_hour.toFixed(1)} times an hour`
    }. Set it at the word's curve above.</p>`}`;
}

function Take({ take, place, path, threshold, again }) {
  const play = () => new Audio(`${path}/${take.id}`).play();
  const remove = async () => {
    await del(`${path}/${take.id}`);
    again();
  };
  return html`<li class="row">
    ${take.score === null ? html`<span>Recording ${place}, ${take.seconds.toFixed(1)} s</span>` : html`<${Meter} label=${`Recording ${place}`} value=${take.score} mark=${threshold} text=${take.score.toFixed(2)} />`}
    ${take.problem && html`<${Badge} tone="warn">${take.problem}<//>`}
    <${Button} kind="quiet" label=${`Play recording ${place}`} run=${play}>▶<//>
    <${Button} kind="quiet" label=${`Delete recording ${place}`} run=${remove}>✕<//>
  </li>`;
}

function Train({ word, phrase, needs, done }) {
  const { value, again } = useLoaded(() => get(`/v1/wake/training?phrase=${encodeURIComponent(phrase)}`), [phrase]);
  const training = value?.training?.word === word ? value.training : null;
  const running = training?.stage === "running";
  useEffect(() => {
    if (!running) {
      if (training?.stage === "done") done();
      return undefined;
    }
    const timer = setInterval(again, 1000);
    return () => clearInterval(timer);
  }, [running]);
  const begin = async () => {
    await post("/v1/wake/training", { phrase });
    again();
  };
  const cancel = async () => {
    await del("/v1/wake/training");
    again();
  };
  if (!value) return html`<${Waiting} />`;
  return html`<div class="stack">
    ${running && html`<div role="status"><${Meter} label=${training.doing || "starting"} value=${training.total ? training.done / training.total : 0} text=${`${training.done} of ${training.total}`} /></div>
      <div class="row"><${Button} run=${cancel}>Cancel the training<//></div>`}
    ${training?.stage === "failed" && html`<p class="bad" role="alert">${training.error}</p>`}
    ${training?.stage === "done" && html`<p class="good" role="status">Trained. On what was held back it wakes for ${Math.round(training.recall * 100)} %, other speech wakes it ${training.false_accepts_per_hour.toFixed(1)} times an hour. It stands among the words above.</p>`}
    ${!running && !needs && html`<div class="row"><${Button} run=${begin}>Train a model of it<//><span class="hint">Some minutes; it goes on listening meanwhile.</span></div>`}
    ${!running && html`<details><summary>${needs ? `Can't be trained here: ${needs}` : "Or by hand, also on a faster machine"}</summary>
      ${needs && html`<pre><code>pip install 'hearthside[train]'</code></pre>`}<pre><code>${value.command.map((part) => (/[\s']/.test(part) ? `"${part}"` : part)).join(" ")}</code></pre>
    </details>`}
  </div>`;
}

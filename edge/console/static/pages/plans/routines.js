// Routines: one phrase for several sentences.
import { del, post, put } from "../../lib/api.js";
import { html, useEffect, useState } from "../../lib/html.js";
import { useKept } from "../../lib/kept.js";
import { Badge, Button, Card, Dialog, Field, tell, Trouble, Waiting } from "../../lib/parts.js";

const MOST = 20;
const PAUSE_MS = 350;

export function Routines() {
  const routines = useKept("/v1/routines", "routines");
  const [edited, setEdited] = useState(null);
  const open = html`<${Button} run=${() => setEdited({ name: "", steps: [""] })}>New routine<//>`;
  return html`<${Card} title="Routines" actions=${open}>
    ${routines.error && html`<${Trouble} error=${routines.error} retry=${routines.again} />`}
    ${!routines.value && !routines.error && html`<${Waiting} />`}
    ${
      routines.value?.length === 0 &&
      html`<p class="soft">There is none. Say “when I say good night, turn off all the lights and lock the front door”.</p>`
    }
    <ul class="plain stack">
      ${routines.value?.map((routine) => html`<${Routine} key=${routine.id} routine=${routine} edit=${setEdited} />`)}
    </ul>
    ${edited && html`<${Editor} routine=${edited} close=${() => setEdited(null)} />`}
  <//>`;
}

function Routine({ routine, edit }) {
  const { id, name, steps, editable } = routine;
  const [sure, setSure] = useState(false);
  return html`<li class="plan">
    <h3>“${name}”</h3>
    <ol class="steps">
      ${steps.map((step, place) => html`<li key=${place}>${step}</li>`)}
    </ol>
    <div class="row">
      <${Button} label=${`Run ${name}`} run=${() => run(name)}>Run it now<//>
      ${
        editable
          ? html`<${Button} label=${`Edit ${name}`} run=${() => edit(routine)}>Edit<//>
              <${Button} kind="danger" label=${`Delete ${name}`} run=${() => setSure(true)}>Delete<//>`
          : html`<span class="hint">Written in routines.yaml: change it there.</span>`
      }
    </div>
    ${
      sure &&
      html`<${Dialog} title=${`Delete “${name}”?`} close=${() => setSure(false)}>
        <p>Saying “${name}” will do nothing any more.</p>
        <div class="row">
          <${Button} kind="danger" run=${() => del(`/v1/routines/${encodeURIComponent(id)}`)}>Delete it<//>
          <${Button} run=${() => setSure(false)}>Keep it<//>
        </div>
      <//>`
    }
  </li>`;
}

/** As if it had been said; what comes of it is told. */
async function run(sentence) {
  const turn = await post("/v1/ask", { text: sentence });
  const tone = turn.outcome === "done" ? "good" : "bad";
  tell(turn.reply.text || (turn.outcome === "done" ? "Done." : "Nothing was done."), tone);
}

function Editor({ routine, close }) {
  const [name, setName] = useState(routine.name);
  const [steps, setSteps] = useState(routine.steps);
  const [error, setError] = useState(null);
  const checks = useChecks(steps);
  const save = async (event) => {
    event.preventDefault();
    const body = { name: name.trim(), steps: steps.map((step) => step.trim()).filter(Boolean) };
    try {
      await (routine.id
        ? put(`/v1/routines/${encodeURIComponent(routine.id)}`, body, { headers: { "If-Match": routine.version } })
        : post("/v1/routines", body));
      close();
    } catch (problem) {
      setError(problem);
    }
  };
  const change = (place, step) => setSteps(steps.map((each, number) => (number === place ? step : each)));
  const move = (place) => {
    const moved = [...steps];
    [moved[place - 1], moved[place]] = [moved[place], moved[place - 1]];
    setSteps(moved);
  };
  return html`<${Dialog} title=${routine.id ? "Edit routine" : "New routine"} close=${close}>
    <form class="stack" onSubmit=${save}>
      <${Field} label="When I say" value=${name} set=${setName} maxlength="60" required placeholder="good night" />
      <ol class="plain stack" aria-label="Steps">
        ${steps.map(
          (step, place) =>
            html`<${Step}
              key=${place}
              number=${place + 1}
              step=${step}
              check=${checks[place]}
              set=${(text) => change(place, text)}
              up=${place > 0 && (() => move(place))}
              remove=${steps.length > 1 && (() => setSteps(steps.filter((_, other) => other !== place)))}
            />`,
        )}
      </ol>
      ${error && html`<${Trouble} error=${error} />`}
      <div class="row">
        <${Button} disabled=${steps.length >= MOST} run=${() => setSteps([...steps, ""])}>Add a step<//>
        <${Button} kind="main" type="submit" disabled=${!name.trim() || !steps.some((step) => step.trim())}>Keep it<//>
        <${Button} run=${close}>Cancel<//>
      </div>
    </form>
  <//>`;
}

/** What the assistant understands of each step, a moment after it was written. */
function useChecks(steps) {
  const [checks, setChecks] = useState([]);
  useEffect(() => {
    let shown = true;
    const timer = setTimeout(() => {
      post("/v1/routines/check", { steps }).then(
        (found) => shown && setChecks(found),
        () => shown && setChecks([]),
      );
    }, PAUSE_MS);
    return () => {
      shown = false;
      clearTimeout(timer);
    };
  }, [steps]);
  return checks;
}

function Step({ number, step, check, set, up, remove }) {
  const known = check && check.text === step.trim().replace(/\s+/g, " ") && step.trim();
  const wrong = known && check.wrong ? check.wrong : undefined;
  return html`<li class="step">
    <${Field}
      label=${`Step ${number}`}
      value=${step}
      set=${set}
      maxlength="300"
      placeholder="turn off all the lights"
      error=${wrong && `Not possible: ${wrong}.`}
    />
    <div class="row" aria-live="polite">
      ${known && !wrong && html`<${Badge} tone="good">understood<//>`}
      ${known && !wrong && html`<${Button} kind="quiet" label=${`Try step ${number}`} run=${() => run(step)}>Try it<//>`}
      ${up && html`<${Button} kind="quiet" label=${`Move step ${number} up`} run=${up}>↑<//>`}
      ${remove && html`<${Button} kind="quiet" label=${`Remove step ${number}`} run=${remove}>✕<//>`}
    </div>
  </li>`;
}

// The language that is spoken here, and the voice that answers.
import { html, useRef } from "../../lib/html.js";
import { get } from "../../lib/api.js";
import { Badge, Button, Card, Choice, Trouble, Waiting, useLoaded } from "../../lib/parts.js";

export function Voices({ desk }) {
  const { value, error, again } = useLoaded(() => Promise.all([get("/v1/system/languages"), get("/v1/system/voices")]), [desk.version]);
  if (error) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!value) return html`<${Waiting} />`;
  const [languages, voices] = value;
  return html`<${Language} desk=${desk} languages=${languages} />
    <${Card} title="Voice">
      <ul class="plain stack">${voices.map((voice) => html`<${Voice} key=${voice.id} voice=${voice} desk=${desk} />`)}</ul>
      <p class="hint">A voice that is not here is fetched under <a href="#/settings/models">Models</a>.</p>
    <//>`;
}

const written = new Intl.DisplayNames(undefined, { type: "language" });

function Language({ desk, languages }) {
  const now = desk.settings.find((each) => each.key === "understand.language");
  const short = now.value.split("-")[0];
  const chosen = languages.find((each) => each.code === short);
  return html`<${Card} title="Language">
    <${Choice} label="Spoken here" value=${short} set=${(value) => desk.change({ "understand.language": value })}
      choices=${languages.map((each) => [each.code, `${written.of(each.code)}${each.hears ? "" : " (its model is not here)"}`])}
      hint="Another one is in force after a restart. Its model must be here first." />
    ${chosen && html`<p class="soft">Heard by <code>${chosen.hears_by}</code>${chosen.voices.length ? "" : "; no voice of it is known yet"}.</p>`}
  <//>`;
}

function Voice({ voice, desk }) {
  const audio = useRef(null);
  const play = async () => {
    audio.current?.pause();
    audio.current = new Audio(`/v1/system/voices/${voice.id}/sample`);
    await audio.current.play();
  };
  const speaks = voice.languages.map((code) => (code === "mul" ? "many languages" : written.of(code))).join(", ");
  return html`<li class="row spread">
    <span><strong>${voice.id}</strong> <span class="soft">${speaks}, ${voice.licence}</span></span>
    <span class="row">
      ${voice.in_use && html`<${Badge} tone="good">in use<//>`}
      ${!voice.installed && html`<${Badge}>not here<//>`}
      ${voice.installed && html`<${Button} label=${`Play ${voice.id}`} run=${play}>▶ Play<//>`}
      ${voice.installed && !voice.in_use && html`<${Button} kind="main" label=${`Use ${voice.id}`} run=${() => desk.change({ "speak.voice": voice.id })}>Use<//>`}
    </span>
  </li>`;
}

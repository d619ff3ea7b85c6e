// What is remembered: facts, what is kept about whom, what may leave the house, taking it along, erasing it.
import { del, get, me, patch, post } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { useKept } from "../lib/kept.js";
import { ago, Button, Card, complain, Dialog, Empty, Field, Trouble, useLoaded, Waiting } from "../lib/parts.js";
import { Consents, Conversations, Erase, Kept, Receipts } from "./memory/privacy.js";

const PAUSE_MS = 250;

export function Page() {
  const owner = !me.value || me.value.role === "owner";
  return html`<div class="stack">
    <${Facts} />
    ${owner ? html`<${Privacy} />` : html`<p class="hint">What is kept about everybody, and erasing it, is shown to the owner.</p>`}
  </div>`;
}

function Privacy() {
  const kept = useLoaded(() => get("/v1/privacy"));
  const [erased, setErased] = useState(0);
  const after = () => {
    kept.again();
    setErased(erased + 1);
  };
  if (kept.error) return html`<${Trouble} error=${kept.error} retry=${kept.again} />`;
  if (!kept.value) return html`<${Waiting} />`;
  return html`<div class="grid">
      <${Kept} kept=${kept.value} />
      <${Consents} kept=${kept.value} again=${kept.again} />
    </div>
    <${Conversations} key=${`conversations ${erased}`} after=${after} />
    <${Erase} after=${after} />
    ${kept.value.bridge && html`<${Receipts} key=${`receipts ${erased}`} />`}`;
}

function Facts() {
  const facts = useKept("/v1/memory?limit=200", "memory");
  const [about, setAbout] = useState("");
  const found = useFound(about, facts.value);
  const shown = about.trim() ? found : facts.value;
  return html`<${Card} title="Remembered">
    <${Remember} />
    ${facts.error && html`<${Trouble} error=${facts.error} retry=${facts.again} />`}
    ${!facts.value && !facts.error && html`<${Waiting} />`}
    ${facts.value?.length > 3 && html`<${Field} label="Find" type="search" value=${about} set=${setAbout} placeholder="the boiler" />`}
    ${
      facts.value?.length === 0 &&
      html`<${Empty} title="Nothing is remembered yet"><p>Say “remember that the spare key is with the neighbours”.</p><//>`
    }
    <p class="visually-hidden" role="status">${about.trim() && shown ? `${shown.length} found` : ""}</p>
    ${about.trim() && shown?.length === 0 && html`<p class="soft">Nothing is remembered about that.</p>`}
    <ul class="plain stack">
      ${shown?.map((fact) => html`<${Fact} key=${fact.id} fact=${fact} />`)}
    </ul>
  <//>`;
}

/** What the assistant finds about something, by its meaning where it knows the language. */
function useFound(about, facts) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    if (!about.trim()) return undefined;
    const asked = new AbortController();
    const timer = setTimeout(() => {
      const path = `/v1/memory?limit=50&about=${encodeURIComponent(about.trim())}`;
      get(path, { signal: asked.signal }).then(({ items }) => setFound(items), complain);
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }, [about, facts]);
  return found;
}

function Remember() {
  const [text, setText] = useState("");
  const keep = async (event) => {
    event.preventDefault();
    try {
      await post("/v1/memory", { text: text.trim() });
      setText("");
    } catch (error) {
      complain(error);
    }
  };
  return html`<form class="write" onSubmit=${keep}>
    <${Field} label="Remember that" value=${text} set=${setText} maxlength="300" placeholder="the bins go out on Tuesday" />
    <${Button} kind="main" type="submit" disabled=${!text.trim()}>Remember<//>
  </form>`;
}

function Fact({ fact }) {
  const [doing, setDoing] = useState("");
  const path = `/v1/memory/${fact.id}`;
  return html`<li class="plan">
    <p>${fact.topic && html`<span class="soft">${fact.topic}: </span>`}${fact.text}</p>
    <div class="row">
      <span class="soft">${ago(fact.created)}</span>
      <${Button} kind="quiet" label=${`Edit “${fact.text}”`} run=${() => setDoing("edit")}>Edit<//>
      <${Button} kind="quiet" label=${`Forget “${fact.text}”`} run=${() => setDoing("forget")}>Forget<//>
    </div>
    ${doing === "edit" && html`<${Reword} fact=${fact} path=${path} close=${() => setDoing("")} />`}
    ${
      doing === "forget" &&
      html`<${Dialog} title="Forget this?" close=${() => setDoing("")}>
        <p>“${fact.text}”</p>
        <p class="soft">It is erased for good, also on the bridge and on the other assistants of the house.</p>
        <div class="row">
          <${Button} kind="danger" run=${() => del(path)}>Forget it<//>
          <${Button} run=${() => setDoing("")}>Keep it<//>
        </div>
      <//>`
    }
  </li>`;
}

function Reword({ fact, path, close }) {
  const [text, setText] = useState(fact.text);
  const [error, setError] = useState(null);
  const save = async (event) => {
    event.preventDefault();
    try {
      await patch(path, { text: text.trim() }, { headers: { "If-Match": fact.version } });
      close();
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<${Dialog} title="Put it into other words" close=${close}>
    <form class="stack" onSubmit=${save}>
      <${Field} label="Remember that" value=${text} set=${setText} maxlength="300" required error=${error?.inWords} />
      <div class="row">
        <${Button} kind="main" type="submit" disabled=${!text.trim()}>Keep it<//>
        <${Button} run=${close}>Cancel<//>
      </div>
    </form>
  <//>`;
}

// For the owner: what is kept, what may leave the house, conversations, erasing, and the bridge's word for it.
import { get, post, put } from "../../lib/api.js";
import { html, useState } from "../../lib/html.js";
import { ago, Badge, Button, Card, Dialog, Empty, Field, tell, Toggle, Trouble, useLoaded } from "../../lib/parts.js";

const KINDS = {
  turns: "What was said",
  recordings: "Recordings of it",
  feedback: "What was said to be wrong",
  facts: "Facts",
  lists: "Lists and what is on them",
  routines: "Routines",
  timers: "Timers",
  alarms: "Alarms",
  reminders: "Reminders",
  later: "Commands for later",
  names: "Names of rooms and devices",
  questions: "Questions for the bridge",
  consents: "What was allowed",
  link: "For the link to the bridge",
  other: "Other",
};
/** Kinds that can be erased by themselves. */
const ERASABLE = ["turns", "facts", "lists", "routines", "timers", "alarms", "reminders", "later", "questions"];
const PURPOSES = {
  answers: ["Questions go to the larger model of the bridge", "Masked: names, numbers and addresses stay here."],
  history: ["What was said and done is kept on the bridge", "Masked, too."],
  memory: ["Lists, facts and routines are shared with the house's other assistants", "By the bridge, as they are."],
  telemetry: ["How long things took, and what failed", ""],
  audio: ["Recordings of voices", ""],
};

export function Kept({ kept }) {
  return html`<${Card} title="What is kept">
    <p class="soft">${inWords(kept)}</p>
    ${kept.kept.length ? html`<${Counts} kept=${kept.kept} />` : html`<p>Nothing is kept yet.</p>`}
    <p>
      <a class="button" href="/v1/privacy/export" download>Take all of it along</a>
    </p>
    <p class="hint">One file, in JSON${kept.bridge ? ", with what the bridge has of this house" : ""}.</p>
    ${kept.bridge && html`<p><a href="/v1/privacy/export?local=true" download>Only what is on this device</a></p>`}
  <//>`;
}

function Counts({ kept }) {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">How many</th>
          <th scope="col">The oldest</th>
        </tr>
      </thead>
      <tbody>
        ${kept.map(
          (each) =>
            html`<tr key=${each.kind}>
              <th scope="row">${KINDS[each.kind] ?? each.kind}</th>
              <td class="number">${each.count}</td>
              <td>${each.oldest ? ago(each.oldest) : ""}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function inWords({ name, turns_days: turns, audio_days: audio }) {
  return [
    name && `You are called ${name}.`,
    "Nobody is told apart by voice: all of it is the household's.",
    turns ? `What was said is kept for ${turns} days,` : "What was said is not kept,",
    audio ? `its sound for ${audio} days.` : "nor is its sound.",
  ]
    .filter(Boolean)
    .join(" ");
}

export function Consents({ kept, again }) {
  const set = async (purpose, allowed) => {
    await put(`/v1/privacy/consents/${purpose}`, { allowed });
    again();
  };
  return html`<${Card} title="What may leave the house">
    ${!kept.bridge && html`<p class="soft">No bridge is configured, so nothing leaves, whatever is allowed here.</p>`}
    <ul class="plain stack">
      ${kept.consents.map((each) => {
        const [title, hint] = PURPOSES[each.purpose];
        const said = each.since ? `${each.allowed ? "Allowed" : "Not allowed"} ${ago(each.since)}.` : "Never allowed.";
        return html`<li key=${each.purpose}>
          <${Toggle} label=${title} on=${each.allowed} set=${(allowed) => set(each.purpose, allowed)} />
          <p class="hint">${hint} ${said}</p>
        </li>`;
      })}
    </ul>
  <//>`;
}

export function Conversations({ after }) {
  const [pages, setPages] = useState([]);
  const first = useLoaded(() => get("/v1/privacy/conversations?limit=10"));
  const [asked, setAsked] = useState(null);
  const shown = [...(first.value?.items ?? []), ...pages.flatMap((page) => page.items)];
  const next = (pages.at(-1) ?? first.value)?.next;
  const more = async () =>
    setPages([...pages, await get(`/v1/privacy/conversations?limit=10&after=${encodeURIComponent(next)}`)]);
  return html`<${Card} title="Conversations">
    ${first.error && html`<${Trouble} error=${first.error} retry=${first.again} />`}
    ${first.value && shown.length === 0 && html`<${Empty} title="Nothing that was said is kept" />`}
    <ul class="plain stack">
      ${shown.map(
        (each) =>
          html`<li class="row spread" key=${each.session}>
            <span class="grow">“${each.text}” <span class="soft">${further(each)}${ago(each.ended)}</span></span>
            <${Button} kind="quiet" label=${`Erase the conversation “${each.text}”`} run=${() => setAsked(each)}>Erase<//>
          </li>`,
      )}
    </ul>
    ${next && html`<${Button} run=${more}>Show more<//>`}
    ${
      asked &&
      html`<${Sure}
        title="Erase this conversation?"
        wanted=${{ what: "conversation", session: asked.session }}
        close=${() => setAsked(null)}
        after=${after}
      >
        <p>“${asked.text}”${asked.turns > 1 ? ` and ${asked.turns - 1} more` : ""}</p>
      <//>`
    }
  <//>`;
}

function further({ turns }) {
  return turns > 1 ? `and ${turns - 1} more, ` : "";
}

export function Erase({ after }) {
  const [asked, setAsked] = useState(null);
  const [about, setAbout] = useState("");
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const [kinds, setKinds] = useState([]);
  const turn = (kind) => setKinds(kinds.includes(kind) ? kinds.filter((each) => each !== kind) : [...kinds, kind]);
  const ask = (body, title, text) => (event) => {
    event.preventDefault();
    setAsked({ body, title, text });
  };
  const span = { what: "turns", since: since || null, until: until || null };
  const time = [since && `from ${words(since)}`, until && `until ${words(until)}`].filter(Boolean).join(" ") || "ever";
  return html`<${Card} title="Erase">
    <form
      class="write"
      onSubmit=${ask({ what: "about", about }, "Erase what is about that?", `Facts and turns about “${about}”.`)}
    >
      <${Field} label="All that is about" value=${about} set=${setAbout} maxlength="300" placeholder="the oven" />
      <${Button} kind="danger" type="submit" disabled=${!about.trim()}>Erase…<//>
    </form>
    <form onSubmit=${ask(span, "Erase what was said?", `All that was said ${time}, with its sound.`)}>
      <fieldset class="stack">
        <legend>What was said</legend>
        <${Field} label="From" type="datetime-local" value=${since} set=${setSince} hint="Empty: from the beginning." />
        <${Field} label="Until" type="datetime-local" value=${until} set=${setUntil} hint="Empty: to this moment." />
        <div class="row"><${Button} kind="danger" type="submit">Erase…<//></div>
      </fieldset>
    </form>
    <fieldset class="stack">
      <legend>All of a kind</legend>
      <div class="row">
        ${ERASABLE.map(
          (kind) => html`<${Button} key=${kind} pressed=${kinds.includes(kind)} run=${() => turn(kind)}>${KINDS[kind]}<//>`,
        )}
      </div>
      <div class="row">
        <${Button}
          kind="danger"
          disabled=${!kinds.length}
          run=${ask({ what: "kinds", kinds }, "Erase all of that?", `${kinds.map((kind) => KINDS[kind]).join(", ")}.`)}
          >Erase…<//
        >
      </div>
    </fieldset>
    <div class="row">
      <${Button} kind="danger" run=${ask({ what: "everything" }, "Erase everything?", EVERYTHING)}>Erase everything…<//>
    </div>
    ${
      asked &&
      html`<${Sure} title=${asked.title} wanted=${asked.body} close=${() => setAsked(null)} after=${after}
        ><p>${asked.text}</p><//
      >`
    }
  <//>`;
}

const EVERYTHING =
  "All that was said, facts, lists, routines, timers, alarms, reminders. Who may log in, your settings, and what you have allowed stay.";

/** The last word before something is gone for good. */
function Sure({ title, wanted, close, after, children }) {
  const [word, setWord] = useState("");
  const [error, setError] = useState(null);
  const erase = async (event) => {
    event.preventDefault();
    try {
      const receipt = await post("/v1/privacy/erase", { ...wanted, confirm: "erase" });
      tell(
        `${receipt.erased} ${receipt.erased === 1 ? "entry is" : "entries are"} erased${receipt.bridge ? "; the bridge is told" : ""}.`,
        "good",
      );
      close();
      after();
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<${Dialog} title=${title} close=${close}>
    ${children}
    <p>
      It is overwritten on the disk, and erased on the bridge and on the other assistants of the house. Nobody can bring it back.
    </p>
    <form class="stack" onSubmit=${erase}>
      <${Field} label="Write “erase” to go on" value=${word} set=${setWord} autocomplete="off" autocapitalize="none" />
      ${error && html`<${Trouble} error=${error} />`}
      <div class="row">
        <${Button} kind="danger" type="submit" disabled=${word.trim().toLowerCase() !== "erase"}>Erase for good<//>
        <${Button} run=${close}>Keep it<//>
      </div>
    </form>
  <//>`;
}

export function Receipts() {
  const receipts = useLoaded(() => get("/v1/privacy/receipts"));
  return html`<${Card} title="What the bridge has erased">
    ${receipts.error && html`<${Trouble} error=${receipts.error} retry=${receipts.again} />`}
    ${receipts.value?.items.length === 0 && html`<p class="soft">It never had to.</p>`}
    <ul class="plain stack">
      ${receipts.value?.items.toReversed().map(
        (each) =>
          html`<li class="row spread" key=${each.id}>
            <span
              >${new Date(each.at).toLocaleString()}${each.done && html` <span class="soft">${each.erased} entries</span>`}</span
            >
            ${
              !each.done
                ? html`<${Badge}>waits for a link<//>`
                : each.genuine
                  ? html`<${Badge} tone="good">erased, signed<//>`
                  : html`<${Badge} tone="bad">the signature is wrong<//>`
            }
          </li>`,
      )}
    </ul>
  <//>`;
}

function words(local) {
  return new Date(local).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

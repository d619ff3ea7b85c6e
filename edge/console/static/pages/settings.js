// All settings, by what they are for. What is changed is checked by the assistant, and written into its settings file.
import { html, useState } from "../lib/html.js";
import { get, patch } from "../lib/api.js";
import { Button, Card, Field, Trouble, Waiting, complain, tell, useLoaded } from "../lib/parts.js";
import { restart } from "../lib/restart.js";
import { Section, titleOf } from "./settings/fields.js";
import { Models } from "./settings/models.js";
import { Voices } from "./settings/voices.js";
import { Wake } from "./settings/wake.js";

/** By address: title, and what stands on it: sections, single keys, or a page of its own. */
const PARTS = {
  general: { title: "General", sections: ["", "listen", "confirm", "audio", "hardware", "update"] },
  wake: { title: "Wake word", page: Wake, sections: ["wake"] },
  voice: { title: "Voice and language", page: Voices, sections: ["speak", "stt", "understand"] },
  models: { title: "Models", page: Models, sections: [] },
  privacy: { title: "Privacy", sections: ["memory", "privacy", "cloud"], keys: ["mqtt.words"] },
  network: { title: "House and network", sections: ["mqtt", "api", "wyoming"] },
  skills: { title: "Skills", rest: true },
};

export function Page({ rest }) {
  const { value, error, again } = useLoaded(load);
  const [sought, setSought] = useState("");
  const part = PARTS[rest[0]] ? rest[0] : "general";
  if (error) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!value) return html`<${Waiting} />`;
  const desk = { ...value, again, change: (wanted) => change(wanted, again) };
  return html`
    ${value.mistake && html`<${Trouble} error=${new Error(`The settings file can't be read as it is now: ${value.mistake}`)} retry=${again} />`}
    <${Waits} settings=${value.settings} again=${again} />
    <${Field} label="Search" type="search" value=${sought} set=${setSought} placeholder="volume, threshold, broker…" />
    ${sought.trim() ? html`<${Found} desk=${desk} sought=${sought.trim()} />` : html`<${Parts} desk=${desk} part=${part} />`}
    <p class="hint">
      ${value.file ? html`Written to <code>${value.file}</code>; its comments stay. Secrets are kept apart from it.` : "These settings come from no file, and can't be changed here."}
    </p>
  `;
}

/** Of the settings file, as this page knows it: a change that was made for another one is refused. */
let version = null;
let changes = 0;
let last = Promise.resolve();

async function load() {
  const before = changes;
  const value = await get("/v1/settings", { cache: "no-store" });
  // What was asked for before a change of ours is older than what that change has told.
  if (before === changes) version = value.version;
  return value;
}

/** One after the other, each on what the one before has made of the file. */
function change(wanted, again) {
  const mine = last.then(() => changed(wanted)).finally(again);
  last = mine.catch(() => {});
  return mine;
}

async function changed(wanted) {
  try {
    const outcome = await patch("/v1/settings", { changes: wanted }, { headers: { "If-Match": `"${version}"` } });
    changes += 1;
    version = outcome.version;
    tell(outcome.after_restart.length ? "Written; in force after a restart." : "In force now.", "good");
  } catch (error) {
    if (error.status !== 412) throw error;
    complain(new Error("the settings file was changed meanwhile: look again, then change it"));
  }
}

function Waits({ settings, again }) {
  const waiting = settings.filter((setting) => setting.waits);
  if (!waiting.length) return null;
  const run = async () => {
    await restart();
    again();
  };
  return html`<${Card} kind="news" title="A restart is due">
    <p>Written, and not in force yet: ${waiting.map((setting) => titleOf(setting)).join(", ")}.</p>
    <div class="row"><${Button} kind="main" run=${run}>Restart now<//><span class="hint">Some seconds, and never in the middle of a sentence.</span></div>
  <//>`;
}

function Parts({ desk, part }) {
  const { page, title } = PARTS[part];
  return html`<nav class="tabs" aria-label="Parts of the settings">
      ${Object.entries(PARTS).map(
        ([name, each]) =>
          html`<a key=${name} href=${`#/settings/${name}`} aria-current=${name === part ? "page" : undefined}>${each.title}</a>`,
      )}
    </nav>
    <h2 class="visually-hidden">${title}</h2>
    ${page && html`<${page} desk=${desk} />`}
    ${sectionsOf(part, desk.settings).map(
      ([section, settings]) =>
        html`<${Section} key=${section} desk=${desk} section=${section} settings=${settings} folded=${Boolean(page)} />`,
    )}`;
}

function sectionsOf(part, settings) {
  const { sections = [], keys = [], rest = false } = PARTS[part];
  const placed = Object.values(PARTS).flatMap((each) => each.sections ?? []);
  const shown = settings.filter(
    (each) => sections.includes(each.section) || keys.includes(each.key) || (rest && !placed.includes(each.section)),
  );
  return Object.entries(Object.groupBy(shown, (each) => each.section));
}

function Found({ desk, sought }) {
  const words = sought.toLowerCase().split(/\s+/);
  const hit = (each) => words.every((word) => `${each.key} ${titleOf(each)} ${each.description}`.toLowerCase().includes(word));
  const found = Object.entries(Object.groupBy(desk.settings.filter(hit), (each) => each.section));
  if (!found.length) return html`<p role="status">No setting is about that.</p>`;
  return found.map(([section, settings]) => html`<${Section} key=${section} desk=${desk} section=${section} settings=${settings} />`);
}

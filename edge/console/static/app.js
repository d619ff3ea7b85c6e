// The shell: navigation, and one page at a time, fetched when it is first opened.
import { html, render, signal, useEffect, useState } from "./lib/html.js";
import { get, me } from "./lib/api.js";
import { link } from "./lib/live.js";
import { Notes, Trouble, Waiting } from "./lib/parts.js";

const GUEST = 1;
const MEMBER = 2;
const OWNER = 3;

/** By address: title, and the least role that sees it in the navigation. */
const PAGES = {
  talk: ["Talk", GUEST],
  now: ["Now", MEMBER],
  house: ["House", GUEST],
  plans: ["Plans", MEMBER],
  memory: ["Memory", MEMBER],
  insights: ["Insights", MEMBER],
  sync: ["Sync", MEMBER],
  settings: ["Settings", OWNER],
  people: ["People", GUEST],
  health: ["Health", MEMBER],
};
/** Pages without navigation: title, and the module that shows it. */
const APART = { login: ["Log in", "login"], setup: ["Welcome", "login"] };
const ROLES = { guest: GUEST, member: MEMBER, owner: OWNER };

const route = signal(read());
window.addEventListener("hashchange", () => (route.value = read()));

function read() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  const known = name in PAGES || name in APART;
  return { name: known ? name : "talk", rest, query: new URLSearchParams(query) };
}

function App() {
  const { name } = route.value;
  const [title] = PAGES[name] ?? APART[name];
  useEffect(() => {
    document.title = `${title} · Hearthside`;
  }, [title]);
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    ${name in PAGES && html`<${Navigation} current=${name} />`}
    <main id="main" tabindex="-1">
      <h1>${title}</h1>
      ${link.value === "down" && html`<p class="offline" role="status">The assistant can't be reached. Trying again…</p>`}
      <${Content} key=${name} name=${name} />
    </main>
    <${Notes} />`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function Navigation({ current }) {
  const role = ROLES[me.value?.role] ?? OWNER;
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [current]);
  const seen = Object.entries(PAGES).filter(([, [, least]]) => role >= least);
  return html`<nav aria-label="Pages" class=${open ? "open" : ""}>
    <a class="brand" href="#/talk"><img src="icon.svg" alt="" width="28" height="28" />Hearthside</a>
    <button type="button" class="button quiet menu" aria-expanded=${String(open)} aria-controls="pages" onClick=${() => setOpen(!open)}>
      Menu
    </button>
    <ul id="pages">
      ${seen.map(
        ([name, [title]]) =>
          html`<li key=${name}>
            <a href=${`#/${name}`} aria-current=${name === current ? "page" : undefined} onClick=${() => setOpen(false)}>${title}</a>
          </li>`,
      )}
    </ul>
  </nav>`;
}

/** Whether another page was shown before. */
let moved = false;

function Content({ name }) {
  const [state, setState] = useState({});
  const fetchPage = () =>
    import(`./pages/${APART[name]?.[1] ?? name}.js`).then(
      ({ Page }) => setState({ Page }),
      () => setState({ error: new Error("this page can't be fetched") }),
    );
  useEffect(() => {
    fetchPage();
    // A screen reader goes on where the new page begins; the first page is where it is already.
    if (moved) document.getElementById("main").focus();
    moved = true;
  }, [name]);
  if (state.error) return html`<${Trouble} error=${state.error} retry=${fetchPage} />`;
  if (!state.Page) return html`<${Waiting} />`;
  return html`<${state.Page} rest=${route.value.rest} query=${route.value.query} />`;
}

get("/v1/me").then(
  (who) => (me.value = who),
  () => (me.value = null),
);
render(html`<${App} />`, document.getElementById("app"));

// What pages are made of. No inline styles: the page's security policy allows none.
import { html, signal, useEffect, useId, useRef, useState } from "./html.js";

/** A heading with what belongs to it. `actions`: buttons beside the heading. */
export function Card({ title, actions, children, kind = "", id }) {
  const heading = useId();
  return html`<section class=${`card ${kind}`} aria-labelledby=${title ? heading : undefined} id=${id}>
    ${title &&
    html`<header class="card-head">
      <h2 id=${heading}>${title}</h2>
      ${actions && html`<div class="row">${actions}</div>`}
    </header>`}
    ${children}
  </section>`;
}

/** `kind`: "main", "danger", "quiet" or nothing. `run` may be async: the button waits for it, and says what fails. */
export function Button({ run, kind = "", busy = false, disabled = false, children, label, type = "button", pressed, expanded }) {
  const [waiting, setWaiting] = useState(false);
  const press = async (event) => {
    if (!run) return;
    try {
      setWaiting(true);
      await run(event);
    } catch (error) {
      complain(error);
    } finally {
      setWaiting(false);
    }
  };
  return html`<button
    type=${type}
    class=${`button ${kind}`}
    aria-label=${label}
    aria-busy=${busy || waiting ? "true" : undefined}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)}
    aria-expanded=${expanded === undefined ? undefined : String(expanded)}
    disabled=${disabled || busy || waiting}
    onClick=${run ? press : undefined}
  >
    ${children}
  </button>`;
}

/** A labelled input. `hint` is read with it; `error` says what is wrong with its value. `children`: a control of one's own. */
export function Field({ label, hint, error, value, set, type = "text", children, ...rest }) {
  const id = useId();
  const notes = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  const control =
    typeof children === "function"
      ? children({ id, "aria-describedby": notes, "aria-invalid": error ? "true" : undefined })
      : html`<input
          id=${id}
          type=${type}
          value=${value}
          onInput=${(event) => set?.(event.target.value)}
          aria-describedby=${notes}
          aria-invalid=${error ? "true" : undefined}
          ...${rest}
        />`;
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${control} ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="error" id=${`${id}-error`}>${error}</p>`}
  </div>`;
}

/** One of `choices`: [[value, label], …]. */
export function Choice({ label, hint, error, value, set, choices }) {
  return html`<${Field} label=${label} hint=${hint} error=${error}>
    ${(given) =>
      html`<select ...${given} value=${value} onChange=${(event) => set(event.target.value)}>
        ${choices.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === value}>${text}</option>`)}
      </select>`}
  <//>`;
}

/** On or off. */
export function Toggle({ label, on, set, disabled = false, hidden = false }) {
  return html`<button
    type="button"
    role="switch"
    class="toggle"
    aria-checked=${String(Boolean(on))}
    aria-label=${hidden ? label : undefined}
    disabled=${disabled}
    onClick=${() => Promise.resolve(set(!on)).catch(complain)}
  >
    <span class="track" aria-hidden="true"><span class="thumb"></span></span>${!hidden && html`<span>${label}</span>`}
  </button>`;
}

/** Short news of a state: `tone` is "good", "bad", "warn" or nothing. */
export function Badge({ tone = "", children }) {
  return html`<span class=${`badge ${tone}`}>${children}</span>`;
}

/** What there is to say where there is nothing to show. */
export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;
}

/** While something is fetched; said aloud only once. */
export function Waiting({ what = "Loading" }) {
  return html`<p class="waiting" role="status">${what}…</p>`;
}

/** What went wrong, where it stays on the page. */
export function Trouble({ error, retry }) {
  return html`<div class="trouble" role="alert">
    <p>${error.inWords ?? error.message}</p>
    ${retry && html`<${Button} run=${retry}>Try again<//>`}
  </div>`;
}

/** A window above the page; `close` is called when it is closed by any means. */
export function Dialog({ title, close, children }) {
  const heading = useId();
  const element = useRef(null);
  useEffect(() => {
    const dialog = element.current;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  return html`<dialog ref=${element} aria-labelledby=${heading} onClose=${close} onCancel=${close}>
    <header class="card-head">
      <h2 id=${heading}>${title}</h2>
      <button type="button" class="button quiet" aria-label="Close" onClick=${close}>✕</button>
    </header>
    ${children}
  </dialog>`;
}

/** A part of 0–1 as a bar; `text` is what it says. */
export function Meter({ label, value, text, mark }) {
  const bar = useRef(null);
  useEffect(() => {
    bar.current.style.setProperty("--value", Math.min(1, Math.max(0, value)));
    bar.current.style.setProperty("--mark", mark ?? -1);
  }, [value, mark]);
  return html`<div class="meter">
    <span class="meter-label">${label}</span>
    <span
      class="meter-bar"
      ref=${bar}
      role="meter"
      aria-label=${label}
      aria-valuemin="0"
      aria-valuemax="1"
      aria-valuenow=${Number(value).toFixed(2)}
      aria-valuetext=${text}
      ><span class="meter-fill"></span>${mark !== undefined && html`<span class="meter-mark"></span>`}</span
    >
    <span class="meter-text">${text}</span>
  </div>`;
}

const notes = signal([]);
let number = 0;

/** Tell something in passing; `tone` as for Badge. */
export function tell(text, tone = "") {
  const note = { id: ++number, text, tone };
  notes.value = [...notes.value, note];
  setTimeout(() => (notes.value = notes.value.filter((each) => each !== note)), tone === "bad" ? 8000 : 4000);
}

/** Tell of an error in passing. */
export function complain(error) {
  if (error.name !== "AbortError") tell(error.inWords ?? error.message, "bad");
}

/** Where what is told in passing is seen, and read aloud. */
export function Notes() {
  return html`<div class="notes" role="status" aria-live="polite">
    ${notes.value.map((note) => html`<p key=${note.id} class=${`note ${note.tone}`}>${note.text}</p>`)}
  </div>`;
}

/**
 * In a component: {value, error, again, put} of what `load` resolves to, anew when `inputs` change, or at `again`; `put`
 * is given what is newer than any answer that is still on its way.
 */
export function useLoaded(load, inputs = []) {
  const [state, setState] = useState({ value: undefined, error: null });
  const [turn, setTurn] = useState(0);
  const asked = useRef(0);
  useEffect(() => {
    const mine = ++asked.current;
    load().then(
      (value) => mine === asked.current && setState({ value, error: null }),
      (error) => mine === asked.current && setState((before) => ({ ...before, error })),
    );
    return () => void asked.current++;
  }, [...inputs, turn]);
  const put = (value) => {
    asked.current++;
    setState({ value, error: null });
  };
  return { ...state, again: () => setTurn((before) => before + 1), put };
}

/** "3 min ago", in the reader's own language. */
export function ago(seconds) {
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
  const past = Date.now() / 1000 - seconds;
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (past >= size) return format.format(-Math.round(past / size), unit);
  }
  return format.format(-Math.max(0, Math.round(past)), "second");
}

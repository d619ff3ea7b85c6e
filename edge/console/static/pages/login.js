// Who are you? Logging in, and the first password of all.
import { html, useEffect, useState } from "../lib/html.js";
import { get, me, post } from "../lib/api.js";
import { Button, Card, Field, Trouble, useLoaded, Waiting } from "../lib/parts.js";
import { NewPassword } from "../lib/password.js";

export function Page({ query }) {
  const { value: standing, error, again } = useLoaded(() => get("/v1/setup"));
  const [code] = useState(query.get("code") ?? "");
  useEffect(() => {
    // A code that has been used has no business in the browser's history.
    if (code) history.replaceState(null, "", "#/setup");
  }, []);
  if (error) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!standing) return html`<${Waiting} />`;
  const then = query.get("then") ?? "/talk";
  const enter = (who) => {
    me.value = who;
    location.hash = then.startsWith("/") && !/^\/(login|setup)\b/.test(then) ? `#${then}` : "#/talk";
  };
  return html`${standing.owned
      ? html`<${Login} enter=${enter} />`
      : html`<${First} code=${code} shortest=${standing.shortest_password} enter=${enter} again=${again} />`}
    <${Connection} owned=${standing.owned} />`;
}

/** `send` resolves to who has logged in; what it refuses stays below the fields. */
function Form({ send, enter, label, children, wrong }) {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      enter(await send());
    } catch (problem) {
      setError(problem);
      wrong?.(problem);
      setBusy(false);
    }
  };
  return html`<form class="stack" onSubmit=${submit}>
    ${children} ${error && html`<p class="error" role="alert">${error.inWords}</p>`}
    <${Button} type="submit" kind="main" busy=${busy}>${label}<//>
  </form>`;
}

function Login({ enter }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const wrong = () => setPassword("");
  return html`<${Card}>
    <${Form} label="Log in" send=${() => post("/v1/login", { name, password })} enter=${enter} wrong=${wrong}>
      <${Field} label="Name" value=${name} set=${setName} autocomplete="username" autocapitalize="none" required maxlength="60" />
      <${Field} label="Password" type="password" value=${password} set=${setPassword} autocomplete="current-password" required />
    <//>
    <details>
      <summary>You have forgotten it?</summary>
      <p class="hint">
        Another owner can give you a new one. Or on the device itself: <code>hearth console password ${name || "NAME"}</code>
      </p>
    </details>
  <//>`;
}

function First({ code: given, shortest, enter, again }) {
  const [code, setCode] = useState(given);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const wrong = (problem) => problem.code === "owned" && again();
  return html`<${Card} title="The first password">
    <p>
      Nobody has set one yet, so only a browser on the device itself can use this page. From now on everybody logs in, and every
      phone and computer in your network can use it.
    </p>
    <${Form} label="Set it, and log in" send=${() => post("/v1/setup", { code, name, password })} enter=${enter} wrong=${wrong}>
      <${Field}
        label="Code"
        value=${code}
        set=${setCode}
        hint="Shown on the device by: hearth console link"
        autocomplete="one-time-code"
        autocapitalize="characters"
        spellcheck="false"
        required
        maxlength="40"
      />
      <${Field} label="Your name" value=${name} set=${setName} autocomplete="username" required maxlength="60" />
      <${NewPassword} label="Password" value=${password} set=${setPassword} shortest=${shortest} />
    <//>
  <//>`;
}

/** What the browser says of the connection, and what that means for the microphone. */
function Connection({ owned }) {
  if (!window.isSecureContext) {
    return html`<${Card} title="This connection is not secret">
      <p>
        Whoever is in this network can read what you type, and the browser will not give its microphone. Use the address that
        begins with <code>https</code>; on the device, <code>hearth console link</code> shows it.
      </p>
    <//>`;
  }
  if (location.protocol !== "https:") return null;
  return html`<details class="card" open=${!owned}>
    <summary>Did the browser warn you of the certificate?</summary>
    <div class="stack">
      <p>
        The device vouches for itself, and no authority for it: so the browser can't know that it is yours. You can. In the
        warning, look at the certificate: its SHA-256 fingerprint is the one that <code>hearth console link</code> shows on the
        device. Then go on; the browser will remember it. The connection is secret, and the microphone works.
      </p>
      <p class="hint">
        If you have a certificate of your own, name it in the settings as <code>api.certificate</code> and <code>api.key</code>.
      </p>
    </div>
  </details>`;
}

// Who may use the console: oneself, the others, programs, and the PIN that is spoken.
import { html, useState } from "../lib/html.js";
import { all, del, get, me, patch, post } from "../lib/api.js";
import { ago, Badge, Button, Card, Choice, Dialog, Empty, Field, tell, Toggle, Trouble, useLoaded, Waiting } from "../lib/parts.js";
import { NewPassword } from "../lib/password.js";

const ROLES = [
  ["guest", "Guest"],
  ["member", "Member"],
  ["owner", "Owner"],
];
const MEANING = {
  guest: "Talks, and sees and switches the house, as anybody may who stands in the room.",
  member: "Also turns, timers, lists, routines, memory.",
  owner: "Also settings, people, and all that is kept.",
};

export function Page() {
  const { value: who, error, again } = useLoaded(() => get("/v1/me"));
  if (error) return html`<${Trouble} error=${error} retry=${again} />`;
  if (!who) return html`<${Waiting} />`;
  if (who.via === "here") return html`<${Nobody} /><${Pin} />`;
  if (who.via !== "session") {
    return html`<${Empty} title=${`You came with a ${who.via}`}>People and tokens take somebody who has <a href="#/login">logged in</a>.<//>`;
  }
  const owner = who.role === "owner";
  return html`<${Myself} who=${who} />
    ${owner && html`<${People} who=${who} />`}
    <${Sessions} owner=${owner} />
    ${who.role !== "guest" && html`<${Tokens} owner=${owner} role=${who.role} />`} ${owner && html`<${Pin} />`}`;
}

function Nobody() {
  return html`<${Card} title="Nobody has set a password yet">
    <p>
      As long as that is so, whoever uses this device itself may do everything here, and nobody in the network anything. With a
      password, everybody logs in, and phones and computers in your network can use this page.
    </p>
    <ol>
      <li>On the device, run <code>hearth console link</code>.</li>
      <li>Open the address that it shows, here or on your phone. It is good for half an hour.</li>
    </ol>
    <p><a class="button main" href="#/setup">I have the code</a></p>
  <//>`;
}

function Myself({ who }) {
  const [changing, setChanging] = useState(false);
  const leave = async () => {
    await post("/v1/logout");
    me.value = null;
    location.hash = "#/login";
  };
  return html`<${Card} title="You">
    <div class="row spread">
      <p><strong>${who.name}</strong> <${Badge}>${who.role}<//></p>
      <div class="row">
        <${Button} run=${() => setChanging(true)}>Change your password<//>
        <${Button} run=${leave}>Log out<//>
      </div>
    </div>
    ${changing && html`<${ChangePassword} close=${() => setChanging(false)} />`}
  <//>`;
}

function ChangePassword({ close }) {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const send = async () => {
    await post("/v1/me/password", { old, new: fresh });
    tell("The password is changed, and you are logged out everywhere else.", "good");
  };
  return html`<${Ask} title="Change your password" close=${close} label="Change it" send=${send}>
    <${Field} label="Your password now" type="password" value=${old} set=${setOld} autocomplete="current-password" required />
    <${NewPassword} value=${fresh} set=${setFresh} />
  <//>`;
}

/** A dialog with a form: closes when `send` has succeeded, and says what it refuses. */
function Ask({ title, close, label, send, children, kind = "main" }) {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await send();
      close();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} close=${close}>
    <form class="stack" onSubmit=${submit}>
      ${children} ${error && html`<p class="error" role="alert">${error.inWords ?? error.message}</p>`}
      <div class="row">
        <${Button} type="submit" kind=${kind} busy=${busy}>${label}<//>
        <${Button} run=${close}>Cancel<//>
      </div>
    </form>
  <//>`;
}

function People({ who }) {
  const { value: people, error, again } = useLoaded(() => all("/v1/people"));
  const [adding, setAdding] = useState(false);
  const add = html`<${Button} kind="main" run=${() => setAdding(true)}>Add somebody<//>`;
  return html`<${Card} title="People" actions=${add}>
    ${error && html`<${Trouble} error=${error} retry=${again} />`}
    <ul class="plain stack">
      ${people?.map((person) => html`<${OnePerson} key=${person.id} person=${person} self=${person.id === who.id} again=${again} />`)}
    </ul>
    ${adding && html`<${AddPerson} close=${() => setAdding(false)} again=${again} />`}
  <//>`;
}

function OnePerson({ person, self, again }) {
  const [asked, setAsked] = useState("");
  const change = async (wanted) => {
    try {
      await patch(`/v1/people/${person.id}`, wanted);
    } finally {
      again();
    }
  };
  const close = () => setAsked("");
  return html`<li class="person stack">
    <div class="row spread">
      <h3>${person.name} ${self && html`<span class="soft">(you)</span>`}</h3>
      <div class="row">
        ${person.disabled && html`<${Badge} tone="warn">shut out<//>`}
        ${!person.has_password && html`<${Badge} tone="warn">no password yet<//>`}
      </div>
    </div>
    <${Choice}
      label=${`What ${person.name} may`}
      hint=${MEANING[person.role]}
      value=${person.role}
      set=${(role) => change({ role }).catch((error) => tell(error.inWords ?? error.message, "bad"))}
      choices=${ROLES}
    />
    <div class="row">
      <${Button} run=${() => setAsked("password")} label=${`Set the password of ${person.name}`}>Set password<//>
      <${Button}
        run=${() => change({ disabled: !person.disabled })}
        label=${person.disabled ? `Let ${person.name} in again` : `Shut ${person.name} out`}
      >
        ${person.disabled ? "Let in again" : "Shut out"}
      <//>
      <${Button} kind="danger" run=${() => setAsked("remove")} label=${`Remove ${person.name}`}>Remove<//>
    </div>
    ${asked === "password" && html`<${SetPassword} person=${person} close=${close} again=${again} />`}
    ${asked === "remove" &&
    html`<${Ask}
      title=${`Remove ${person.name}?`}
      kind="danger"
      label="Remove"
      close=${close}
      send=${() => del(`/v1/people/${person.id}`).then(again)}
    >
      <p>Logged out everywhere at once, and every token of theirs ends.</p>
    <//>`}
  </li>`;
}

function SetPassword({ person, close, again }) {
  const [password, setPassword] = useState("");
  const send = async () => {
    await patch(`/v1/people/${person.id}`, { password });
    tell(`${person.name} has a new password.`, "good");
    again();
  };
  return html`<${Ask} title=${`A password for ${person.name}`} close=${close} label="Set it" send=${send}>
    <${NewPassword} value=${password} set=${setPassword} label="Password" />
    <p class="hint">Wherever ${person.name} is logged in now, that ends.</p>
  <//>`;
}

function AddPerson({ close, again }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("member");
  const [password, setPassword] = useState("");
  const send = () => post("/v1/people", { name, role, password }).then(again);
  return html`<${Ask} title="Add somebody" close=${close} label="Add" send=${send}>
    <${Field} label="Name" value=${name} set=${setName} autocomplete="off" required maxlength="60" />
    <${Choice} label="May" hint=${MEANING[role]} value=${role} set=${setRole} choices=${ROLES} />
    <${NewPassword} value=${password} set=${setPassword} label="First password" />
  <//>`;
}

function Sessions({ owner }) {
  const [everybody, setEverybody] = useState(false);
  const path = everybody ? "/v1/sessions?everybody=true" : "/v1/sessions";
  const { value: sessions, error, again } = useLoaded(() => all(path), [path]);
  const elsewhere = sessions?.some((session) => !session.this);
  const leave = async () => {
    await del("/v1/sessions");
    again();
  };
  const actions = elsewhere && !everybody && html`<${Button} run=${leave}>Log out everywhere else<//>`;
  return html`<${Card} title=${everybody ? "Where everybody is logged in" : "Where you are logged in"} actions=${actions}>
    ${owner && html`<${Toggle} label="Show everybody's" on=${everybody} set=${setEverybody} />`}
    ${error && html`<${Trouble} error=${error} retry=${again} />`}
    <ul class="plain stack">
      ${[...(sessions ?? [])]
        .sort((one, other) => other.seen - one.seen)
        .map(
          (session) =>
            html`<li class="row spread" key=${session.id}>
              <span>
                ${everybody && html`<strong>${session.name}</strong>, `}${browser(session.label)}
                <span class="soft"> · ${session.this ? "here" : `used ${ago(session.seen)}`}</span>
              </span>
              ${!session.this &&
              html`<${Button} run=${() => del(`/v1/sessions/${session.id}`).then(again)} label=${`Log out ${browser(session.label)}`}>
                Log out
              <//>`}
            </li>`,
        )}
    </ul>
  <//>`;
}

/** "Firefox on Android", as far as the browser says so. */
function browser(label) {
  const of = (names) => names.find(([pattern]) => pattern.test(label))?.[1];
  const program = of([[/Edg/, "Edge"], [/Firefox|FxiOS/, "Firefox"], [/Chrome|CriOS/, "Chrome"], [/Safari/, "Safari"]]);
  const system = of([[/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Windows/, "Windows"], [/Mac OS/, "macOS"], [/Linux/, "Linux"]]);
  if (!program) return label.slice(0, 40) || "a program";
  return system ? `${program} on ${system}` : program;
}

function Tokens({ owner, role }) {
  const { value: tokens, error, again } = useLoaded(() => all("/v1/tokens"));
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState(null);
  const make = html`<${Button} run=${() => setMaking(true)}>Make a token<//>`;
  return html`<${Card} title="Tokens" actions=${make}>
    <p class="hint">What a program shows instead of a password, as <code>Authorization: Bearer …</code></p>
    ${error && html`<${Trouble} error=${error} retry=${again} />`}
    ${tokens?.length === 0 && html`<p class="soft">There is none.</p>`}
    <ul class="plain stack">
      ${tokens?.map(
        (token) =>
          html`<li class="row spread" key=${token.id}>
            <span>
              <strong>${token.label}</strong> <${Badge}>${token.role}<//>
              <span class="soft">
                ${owner && ` · ${token.name ?? "nobody's"}`} · used ${ago(token.seen)}
                ${token.expires !== null && ` · until ${new Date(token.expires * 1000).toLocaleDateString()}`}
              </span>
            </span>
            <${Button} kind="danger" run=${() => del(`/v1/tokens/${token.id}`).then(again)} label=${`Delete the token ${token.label}`}>
              Delete
            <//>
          </li>`,
      )}
    </ul>
    ${making && html`<${MakeToken} role=${role} close=${() => setMaking(false)} made=${(token) => (setMade(token), again())} />`}
    ${made && html`<${ShowToken} token=${made} close=${() => setMade(null)} />`}
  <//>`;
}

function MakeToken({ role, close, made }) {
  const [label, setLabel] = useState("");
  const [least, setLeast] = useState("guest");
  const [days, setDays] = useState("");
  const choices = ROLES.slice(0, ROLES.findIndex(([name]) => name === role) + 1);
  const send = () => post("/v1/tokens", { label, role: least, days: days ? Number(days) : null }).then(made);
  return html`<${Ask} title="Make a token" close=${close} label="Make it" send=${send}>
    <${Field} label="What it is for" value=${label} set=${setLabel} placeholder="Grafana" required maxlength="100" />
    <${Choice} label="May" hint=${MEANING[least]} value=${least} set=${setLeast} choices=${choices} />
    <${Field} label="Days" type="number" value=${days} set=${setDays} hint="Empty: until it is deleted." min="1" max="3650" />
  <//>`;
}

function ShowToken({ token, close }) {
  const copy = async () => {
    await navigator.clipboard.writeText(token.token);
    tell("Copied.", "good");
  };
  return html`<${Dialog} title=${`The token for ${token.label}`} close=${close}>
    <div class="stack">
      <p>Copy it now: nothing can show it again.</p>
      <p><code class="token">${token.token}</code></p>
      <div class="row">
        <${Button} kind="main" run=${copy}>Copy<//>
        <${Button} run=${close}>Done<//>
      </div>
    </div>
  <//>`;
}

function Pin() {
  const { value, error, again } = useLoaded(() => get("/v1/settings"));
  const [pin, setPin] = useState("");
  const setting = value?.settings.find((each) => each.key === "confirm.pin");
  const send = async (to) => {
    await patch("/v1/settings", { changes: { "confirm.pin": to } });
    setPin("");
    tell(to ? "The PIN is set." : "There is no PIN any more.", "good");
    again();
  };
  const submit = (event) => {
    event.preventDefault();
    send(pin).catch((problem) => tell(problem.inWords ?? problem.message, "bad"));
  };
  return html`<${Card} title="The spoken PIN">
    <p>
      Asked for by voice before something risky is done, such as unlocking a door, where the settings say <code>pin</code> for it.
      Whoever stands in the room can hear it.
    </p>
    ${error && html`<${Trouble} error=${error} retry=${again} />`}
    ${setting &&
    html`<p>${setting.is_set ? html`<${Badge} tone="good">set<//>` : html`<${Badge}>not set<//>`} <span class="soft">${setting.fixed}</span></p>`}
    ${setting &&
    !setting.fixed &&
    html`<form class="row" onSubmit=${submit}>
      <${Field}
        label="New PIN"
        type="password"
        value=${pin}
        set=${setPin}
        hint="3 to 12 digits; kept on the device in a file of its own, not in the settings file."
        inputmode="numeric"
        pattern="[0-9]{3,12}"
        autocomplete="off"
        required
      />
      <${Button} type="submit">Set it<//>
      ${setting.is_set && html`<${Button} kind="danger" run=${() => send(null)}>Take it away<//>`}
    </form>`}
  <//>`;
}

// Lists: checked off and on, added to, put into order.
import { del, patch, post } from "../../lib/api.js";
import { html, useId, useState } from "../../lib/html.js";
import { useKept } from "../../lib/kept.js";
import { Button, Card, complain, Dialog, Empty, Field, Trouble, Waiting } from "../../lib/parts.js";

export function Lists({ first }) {
  const lists = useKept("/v1/lists", "lists");
  const [chosen, choose] = useState(first || "shopping");
  const [making, setMaking] = useState(false);
  const list = lists.value?.find((each) => each.id === chosen) ?? lists.value?.find((each) => each.id === "shopping");
  return html`<${Card} title="Lists" actions=${html`<${Button} run=${() => setMaking(true)}>New list<//>`}>
    ${lists.error && html`<${Trouble} error=${lists.error} retry=${lists.again} />`}
    ${!lists.value && !lists.error && html`<${Waiting} />`}
    <div class="row" role="group" aria-label="Which list">
      ${lists.value?.map(
        (each) =>
          html`<${Button} key=${each.id} pressed=${each === list} run=${() => choose(each.id)}>
            ${each.name} <span class="soft number">${each.waiting || ""}</span>
          <//>`,
      )}
    </div>
    ${list && html`<${Items} key=${list.id} list=${list} choose=${choose} />`}
    ${making && html`<${Naming} title="New list" close=${() => setMaking(false)} save=${make} />`}
  <//>`;

  async function make(name) {
    const made = await post("/v1/lists", { name });
    choose(made.id);
  }
}

function Items({ list, choose }) {
  const path = `/v1/lists/${encodeURIComponent(list.id)}`;
  const items = useKept(`${path}/items`, "lists");
  const [editing, setEditing] = useState(false);
  const [ask, setAsk] = useState("");
  const waiting = items.value?.filter((item) => !item.done) ?? [];
  const done = items.value?.filter((item) => item.done) ?? [];
  const fixed = list.id === "shopping" || list.id === "to do";
  const say = fixed && list.id === "to do" ? "add call mum to my to do list" : `add milk to my ${list.name} list`;
  return html`<div class="stack">
    <${Add} path=${path} />
    ${items.error && html`<${Trouble} error=${items.error} retry=${items.again} />`}
    ${items.value && waiting.length === 0 && html`<${Empty} title="Nothing is on it"><p>Say “${say}”.</p><//>`}
    <ul class="plain items" aria-label=${list.name}>
      ${waiting.map((item, place) =>
        editing
          ? html`<${Edited} key=${item.id} path=${path} item=${item} place=${place} waiting=${waiting} />`
          : html`<${Checked} key=${item.id} path=${path} item=${item} />`,
      )}
    </ul>
    ${
      done.length > 0 &&
      html`<details>
        <summary>Done (${done.length})</summary>
        <ul class="plain items" aria-label=${`Done of ${list.name}`}>
          ${done.map((item) => html`<${Checked} key=${item.id} path=${path} item=${item} />`)}
        </ul>
        <${Button} run=${() => del(`${path}/items`)}>Clear what is done<//>
      </details>`
    }
    <div class="row">
      ${
        waiting.length > 0 &&
        html`<${Button} pressed=${editing} run=${() => setEditing(!editing)}>${editing ? "Ready" : "Edit and sort"}<//>`
      }
      ${
        !fixed &&
        html`<${Button} run=${() => setAsk("rename")}>Rename<//>
          <${Button} kind="danger" run=${() => setAsk("delete")}>Delete list<//>`
      }
    </div>
    ${ask === "rename" && html`<${Naming} title="Rename list" name=${list.name} close=${() => setAsk("")} save=${rename} />`}
    ${
      ask === "delete" &&
      html`<${Dialog} title=${`Delete the list ${list.name}?`} close=${() => setAsk("")}>
        <p>All that is on it goes with it${waiting.length ? `: ${waiting.length} that wait` : ""}.</p>
        <div class="row">
          <${Button} kind="danger" run=${() => del(path)}>Delete it<//>
          <${Button} run=${() => setAsk("")}>Keep it<//>
        </div>
      <//>`
    }
  </div>`;

  async function rename(name) {
    const renamed = await patch(path, { name });
    choose(renamed.id);
  }
}

function Add({ path }) {
  const [text, setText] = useState("");
  const add = async (event) => {
    event.preventDefault();
    const texts = text
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean);
    if (!texts.length) return;
    try {
      await post(`${path}/items`, { texts });
      setText("");
    } catch (error) {
      complain(error);
    }
  };
  return html`<form class="write" onSubmit=${add}>
    <${Field} label="Add" value=${text} set=${setText} placeholder="milk, eggs" autocomplete="off" enterkeyhint="enter" />
    <${Button} kind="main" type="submit" disabled=${!text.trim()}>Add<//>
  </form>`;
}

function Checked({ path, item }) {
  const id = useId();
  // The box shows what the assistant keeps: until it has answered, the box waits.
  const check = async (event) => {
    const box = event.target;
    box.disabled = true;
    try {
      await patch(`${path}/items/${item.id}`, { done: box.checked });
    } catch (error) {
      box.checked = item.done;
      complain(error);
    } finally {
      box.disabled = false;
    }
  };
  return html`<li class="item">
    <input type="checkbox" id=${id} checked=${item.done} onChange=${check} />
    <label for=${id} class=${item.done ? "struck" : ""}>${item.text}</label>
  </li>`;
}

function Edited({ path, item, place, waiting }) {
  const [text, setText] = useState(item.text);
  const own = `${path}/items/${item.id}`;
  const reword = async () => {
    if (text.trim() === item.text || !text.trim()) return setText(item.text);
    try {
      await patch(own, { text: text.trim() }, { headers: { "If-Match": item.version } });
    } catch (error) {
      setText(item.text);
      complain(error);
    }
  };
  const up = () => patch(own, { before: waiting[place - 1].id });
  const down = () => patch(own, { before: waiting[place + 2]?.id ?? "" });
  return html`<li class="item">
    <input
      aria-label=${`Wording of ${item.text}`}
      value=${text}
      maxlength="200"
      onInput=${(event) => setText(event.target.value)}
      onChange=${reword}
    />
    <${Button} kind="quiet" label=${`Move ${item.text} up`} disabled=${place === 0} run=${up}>↑<//>
    <${Button} kind="quiet" label=${`Move ${item.text} down`} disabled=${place === waiting.length - 1} run=${down}>↓<//>
    <${Button} kind="quiet" label=${`Take ${item.text} off the list`} run=${() => del(own)}>✕<//>
  </li>`;
}

function Naming({ title, name = "", close, save }) {
  const [given, setGiven] = useState(name);
  const [error, setError] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await save(given.trim());
      close();
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<${Dialog} title=${title} close=${close}>
    <form class="stack" onSubmit=${submit}>
      <${Field}
        label="Name"
        value=${given}
        set=${setGiven}
        maxlength="60"
        required
        error=${error?.inWords}
        placeholder="hardware store"
      />
      <div class="row">
        <${Button} kind="main" type="submit" disabled=${!given.trim()}>Keep it<//>
        <${Button} run=${close}>Cancel<//>
      </div>
    </form>
  <//>`;
}

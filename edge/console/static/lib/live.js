// What happens in the assistant, as it happens: one WebSocket for the whole page, opened when somebody listens.
import { answered, get } from "./api.js";
import { signal, useEffect } from "./html.js";

/** "connecting", "up" or "down". */
export const link = signal("connecting");

/** Types of messages that are only told to whoever asks for them: what devices do. */
const OF_DEVICES = ["device", "house"];
/** Longer than the assistant is ever silent: whoever hears nothing for so long has a dead line. */
const SILENCE_MS = 40_000;

/** Close code: whoever had logged in is logged out, or may something else now. */
const LOGIN_ENDED = 4401;

const listeners = new Map();
let socket = null;
let wait = 500;
/** Where it goes on after the connection was lost: `n` of the last event, in that start of the assistant. */
let last = null;
let start = null;
let watching = false;
let silence;

/**
 * `take` is given every message of `type` ("*": of any) from now on. Returns what ends that.
 * "hello" opens each connection; where its `resumed` is false, what was seen before may be out of date.
 * Who listens for "device" fetches the devices at "watching", and at a "hello" whose `devices` is true.
 */
export function listen(type, take) {
  if (!listeners.has(type)) listeners.set(type, new Set());
  listeners.get(type).add(take);
  open();
  watch();
  return () => {
    listeners.get(type).delete(take);
    watch();
  };
}

/** In a component: listen as long as it is shown. */
export function useEvents(type, take, inputs = []) {
  useEffect(() => listen(type, take), inputs);
}

function wanted() {
  return OF_DEVICES.some((type) => listeners.get(type)?.size > 0);
}

function watch() {
  if (socket?.readyState !== WebSocket.OPEN || watching === wanted()) return;
  watching = wanted();
  socket.send(JSON.stringify({ devices: watching }));
}

function open() {
  if (socket !== null) return;
  const query = new URLSearchParams({ devices: wanted() });
  if (last !== null) {
    query.set("after", last);
    query.set("start", start);
  }
  watching = wanted();
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/events?${query}`);
  socket.onopen = () => {
    link.value = "up";
    wait = 500;
    alive();
    watch();
  };
  socket.onmessage = ({ data }) => {
    alive();
    // What happened at nearly the same time comes together, one message a line.
    for (const line of data.split("\n")) hear(JSON.parse(line));
  };
  socket.onclose = ({ code }) => {
    clearTimeout(silence);
    const pause = wait * (0.5 + Math.random());
    // Whoever has changed the password has another login once that is answered; whoever has none is sent to log in by this.
    if (code === LOGIN_ENDED) setTimeout(() => get("/v1/me").catch(() => {}), 1500);
    link.value = "down";
    socket = null;
    (code === LOGIN_ENDED ? answered() : Promise.resolve()).then(() => setTimeout(again, pause));
    wait = Math.min(wait * 2, 8000);
  };
}

/** Nobody is told anything before they have logged in. */
function again() {
  if (/^#\/(login|setup)\b/.test(location.hash)) setTimeout(again, 500);
  else open();
}

function hear(message) {
  if (message.type === "hello") start = message.start;
  if (message.n !== undefined) last = message.n;
  for (const type of [message.type, "*"]) {
    for (const take of listeners.get(type) ?? []) take(message);
  }
}

function alive() {
  clearTimeout(silence);
  const listened = socket;
  silence = setTimeout(() => listened.close(), SILENCE_MS);
}

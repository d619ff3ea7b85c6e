// What happens in the assistant, as it happens: one WebSocket for the whole page, opened when somebody listens.
import { signal, useEffect } from "./html.js";

/** "connecting", "up" or "down". */
export const link = signal("connecting");

const listeners = new Map();
let socket = null;
let wait = 500;
let last = null;

/** `take` is given every message of `type` ("*": of any) from now on. Returns what ends that. */
export function listen(type, take) {
  if (!listeners.has(type)) listeners.set(type, new Set());
  listeners.get(type).add(take);
  open();
  return () => listeners.get(type).delete(take);
}

/** In a component: listen as long as it is shown. */
export function useEvents(type, take, inputs = []) {
  useEffect(() => listen(type, take), inputs);
}

function open() {
  if (socket !== null) return;
  const resumed = last === null ? "" : `?after=${encodeURIComponent(last)}`;
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/events${resumed}`);
  socket.onopen = () => {
    link.value = "up";
    wait = 500;
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    // The number by which it goes on after the connection was lost.
    if (message.n !== undefined) last = message.n;
    for (const type of [message.type, "*"]) {
      for (const take of listeners.get(type) ?? []) take(message);
    }
  };
  socket.onclose = () => {
    link.value = "down";
    socket = null;
    setTimeout(open, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 8000);
  };
}

// Requests to the assistant. Whatever it refuses is thrown as a Problem, in words for a person.
import { signal } from "./html.js";

/** Who is logged in: {name, role}, or null while that isn't known. */
export const me = signal(null);

/** An answer that is an error: RFC 9457. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `error ${status}`);
    this.status = status;
    this.code = body.code || "";
    this.remedy = body.remedy || "";
  }

  /** One line: what is wrong, and what to do about it. Not called `line`: in Safari, errors have one of their own. */
  get inWords() {
    return this.remedy ? `${this.message} — ${this.remedy}` : this.message;
  }
}

/** Requests that change something, and have not been answered yet. */
const changing = new Set();

/** Resolves when all of them are. */
export const answered = () => Promise.allSettled(changing);

/** The response's JSON, or null where it has none. `options`: more for fetch, such as {signal}. */
export async function call(method, path, body, options = {}) {
  // The header is what another site's form can't send.
  const headers = { Accept: "application/json", "X-Hearthside": "1", ...options.headers };
  if (body !== undefined && !(body instanceof FormData) && !(body instanceof Blob)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  const asked = fetch(path, { ...options, method, headers, body, credentials: "same-origin" });
  if (method !== "GET") changing.add(asked);
  let response;
  try {
    response = await asked;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "the assistant can't be reached", remedy: "is it running, and are you in its network?" });
  } finally {
    changing.delete(asked);
  }
  // Whoever changes the password has another login once that is answered: what was refused until then is asked again.
  if (response.status === 401 && method === "GET" && changing.size > 0 && !options.again) {
    await answered();
    return call(method, path, body, { ...options, again: true });
  }
  if (response.status === 401 && !/^#\/(login|setup)\b/.test(location.hash)) {
    me.value = null;
    location.hash = `#/login?then=${encodeURIComponent(location.hash.slice(1))}`;
  }
  const text = await response.text();
  let parsed = null;
  try {
    parsed = text ? JSON.parse(text) : null;
  } catch {
    parsed = { detail: text.slice(0, 200) };
  }
  if (!response.ok) throw new Problem(response.status, parsed || {});
  return parsed;
}

export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body = {}, options) => call("POST", path, body, options);
export const put = (path, body, options) => call("PUT", path, body, options);
export const patch = (path, body, options) => call("PATCH", path, body, options);
export const del = (path, options) => call("DELETE", path, undefined, options);

/** Every item of a paginated list, page after page. */
export async function all(path) {
  const items = [];
  let after = null;
  do {
    const page = await get(after ? `${path}${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(after)}` : path);
    items.push(...page.items);
    after = page.next;
  } while (after);
  return items;
}

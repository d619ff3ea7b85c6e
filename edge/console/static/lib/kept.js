// What skills keep, as it is now, whoever changes it: by hand, by voice, or another assistant.
import { all, get } from "./api.js";
import { useEvents } from "./live.js";
import { useLoaded } from "./parts.js";

/** In a component: {value, error, again} of the list at `path`, of which the assistant tells as `what`. */
export function useKept(path, what) {
  const loaded = useLoaded(() => all(path), [path]);
  useAgain(what, loaded.again);
  return loaded;
}

/** Likewise, of what is no list. */
export function useOne(path, what) {
  const loaded = useLoaded(() => get(path), [path]);
  useAgain(what, loaded.again);
  return loaded;
}

function useAgain(what, again) {
  useEvents("kept_changed", (told) => told.what === what && again());
  // What happened in between was missed.
  useEvents("hello", (told) => !told.resumed && again());
  useEvents("dropped", again);
}

/** "tomorrow, 07:00": of an ISO time, as the clock of the assistant shows it. */
export function when(iso) {
  const [date, time] = iso.split("T");
  const days = Math.round((Date.parse(date) - Date.parse(today())) / 86400000);
  const day = new Date(`${date}T12:00`);
  const name =
    days === 0 || days === 1
      ? new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(days, "day")
      : day.toLocaleDateString(undefined, days < 7 && days > 1 ? { weekday: "long" } : { dateStyle: "medium" });
  return `${name}, ${time.slice(0, 5)}`;
}

/** Today, or so many days later, as a date field has it. */
export function today(later = 0) {
  const day = new Date();
  day.setDate(day.getDate() + later);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
}

/** Names of the days of the week, Monday first. */
export const DAYS = [...Array(7).keys()].map((number) => new Date(2024, 0, 1 + number, 12));
export const dayName = (number, weekday = "short") => DAYS[number].toLocaleDateString(undefined, { weekday });

/** "every Monday and Friday", of how something comes again; empty where it does not. */
export function again(every) {
  if (!every) return "";
  const list = new Intl.ListFormat(undefined, { type: "conjunction" });
  const days = every.days.map((day) => dayName(day, "long"));
  if (every.interval > 1) return `every ${every.interval} ${every.unit}s${days.length ? `, ${list.format(days)}` : ""}`;
  if (every.unit === "week" && every.days.join() === "0,1,2,3,4") return "every weekday";
  if (every.unit === "week" && every.days.join() === "5,6") return "every weekend";
  return `every ${days.length ? list.format(days) : every.unit}`;
}

// Numbers, times and ids as they are read.

export const counted = (number, noun) => `${number === 0 ? "no" : number} ${noun}${number === 1 ? "" : "s"}`;

// An id as it is read at a glance: the whole one stands in its title.
export function short(id) {
  const text = String(id);
  return text.length > 20 ? `${text.slice(0, 10)}…${text.slice(-4)}` : text;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const AGES = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

export const dayOf = (at) => DAY.format(new Date(at));
export const minuteOf = (at) => MINUTE.format(new Date(at));

export function ageOf(at) {
  const seconds = (Date.now() - new Date(at)) / 1000;
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? [];
  return unit ? AGES.format(-Math.floor(seconds / length), unit) : "just now";
}

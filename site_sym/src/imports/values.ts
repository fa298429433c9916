/** What people write in the cells of a log: days, times, durations, classes. Null: it is not one. */

import type { SessionClass } from "../data/rows.ts";
import type { Day } from "../format/zoneClock.ts";

/** Which comes first where a day is written in figures; the year may come first in any. */
export type DateOrder = "dmy" | "mdy";
export const DATE_ORDERS = ["dmy", "mdy"] as const satisfies readonly DateOrder[];
/** What a bare number in the duration's column counts. */
export const DURATION_UNITS = ["hours", "minutes", "seconds"] as const;
export type DurationUnit = (typeof DURATION_UNITS)[number];

/** A clock's time as it is written; `utc` where it says so itself. */
export interface Written {
  day: Day | null;
  /** Seconds since midnight; null: a day alone. */
  time: number | null;
  utc: boolean;
}

/** German and English months by their first three letters, an umlaut written either way. */
const MONTHS: Record<string, number> = {
  jan: 1, jän: 1, feb: 2, mar: 3, mär: 3, mae: 3, mrz: 3, apr: 4, may: 5, mai: 5, jun: 6, jul: 7, aug: 8, sep: 9, oct: 10, okt: 10, nov: 11, dec: 12, dez: 12,
};
const EPOCH_DAYS = 25_569;
/** 1954 to 2119 as a spreadsheet counts days. */
const SERIAL = /^[2-7]\d{4}(\.\d+)?$/;
const WEEKDAY = /^(mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)[a-zäöü]*[.,]*\s+(?=\d)/i;

/** A year of two digits is the last one that has come: nobody logs ahead. */
function fullYear(text: string, thisYear: number): number {
  if (text.length > 2) return Number(text);
  const year = Math.floor(thisYear / 100) * 100 + Number(text);
  return year > thisYear ? year - 100 : year;
}

function checked(year: number, month: number, day: number): Day | null {
  const at = new Date(Date.UTC(year, month - 1, day));
  // Date reads 30 February as 2 March.
  return year >= 1000 && at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day ? { year, month, day } : null;
}

/** The two figures of a day of which the file has to tell which is the month; null where it is written otherwise. */
export function unclearFigures(text: string): { first: number; second: number; mark: string } | null {
  const [, first, mark, second] = /^(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})\b/.exec(text.trim().replace(WEEKDAY, "")) ?? [];
  return mark === undefined ? null : { first: Number(first), second: Number(second), mark };
}

interface DayAtBegin {
  day: Day | null;
  rest: string;
}

function dayAtBegin(text: string, order: DateOrder | null, thisYear: number): DayAtBegin | null {
  const bare = text.replace(WEEKDAY, "");
  let found = /^(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)/.exec(bare);
  if (found) return { day: checked(Number(found[1]), Number(found[2]), Number(found[3])), rest: bare.slice(found[0].length) };
  found = /^(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?!\d)/.exec(bare);
  if (found) {
    const [all, first, mark, second, year = ""] = found;
    // With dots, nobody writes the month first.
    const isDayFirst = mark === "." || order === "dmy";
    if (mark !== "." && order === null) return { day: null, rest: bare.slice(all.length) };
    const [day, month] = isDayFirst ? [first, second] : [second, first];
    return { day: checked(fullYear(year, thisYear), Number(month), Number(day)), rest: bare.slice(all.length) };
  }
  found = /^(\d{1,2})[.\s-]*\s?([a-zäöü]{3})[a-zäöü]*[.,\s-]*(\d{4}|\d{2})(?!\d)/i.exec(bare);
  if (found) return { day: named(found[1], found[2], found[3], thisYear), rest: bare.slice(found[0].length) };
  found = /^([a-zäöü]{3})[a-zäöü]*[.\s-]*(\d{1,2})(?:st|nd|rd|th)?[,\s-]+(\d{4})(?!\d)/i.exec(bare);
  if (found) return { day: named(found[2], found[1], found[3], thisYear), rest: bare.slice(found[0].length) };
  return null;
}

function named(day = "", month = "", year = "", thisYear: number): Day | null {
  const number = MONTHS[month.toLowerCase()];
  return number === undefined ? null : checked(fullYear(year, thisYear), number, Number(day));
}

/** Seconds since midnight of "9:14", "09:14:05", "9.14", "0914", "2:30 PM", "14 Uhr 30"; 24:00 is the end of the day. */
export function parseTime(text: string): number | null {
  const bare = text.trim().replace(/\s*(uhr|h|lt|z|utc)$/i, "");
  const found = /^(\d{1,2})(?:[:.h]|\s*uhr\s*)(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([ap])?\.?(?:m\.?)?$/i.exec(bare) ?? /^(\d{2})(\d{2})$/.exec(bare);
  if (!found) return null;
  const [, hourText, minuteText, secondText = "0", half] = found;
  let hour = Number(hourText);
  const [minute, second] = [Number(minuteText), Number(secondText)];
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  }
  if (minute > 59 || second > 59 || hour > 24 || (hour === 24 && minute + second > 0)) return null;
  return hour * 3600 + minute * 60 + second;
}

/** @param order null: not known, so a day that needs it is none @param thisYear the present one, for years of two digits */
export function parseWritten(text: string, order: DateOrder | null, thisYear: number): Written | null {
  const typed = text.trim();
  if (SERIAL.test(typed)) return fromSerial(Number(typed));
  const begin = dayAtBegin(typed, order, thisYear);
  if (begin === null) {
    const time = parseTime(typed);
    return time === null ? null : { day: null, time, utc: /(z|utc)$/i.test(typed) };
  }
  if (begin.day === null) return null;
  const rest = begin.rest.replace(/^[\sT,]+/, "").trim();
  if (rest === "") return { day: begin.day, time: null, utc: false };
  const [, clock = rest, sign, hours = "0", minutes = "0"] = /^(.*?\d)\s?([+-])(\d{2}):?(\d{2})?$/.exec(rest) ?? [];
  const time = parseTime(clock);
  if (time === null) return null;
  if (sign === undefined) return { day: begin.day, time, utc: /(z|utc)$/i.test(rest) };
  const offset = (Number(hours) * 3600 + Number(minutes) * 60) * (sign === "+" ? 1 : -1);
  const at = new Date(Date.UTC(begin.day.year, begin.day.month - 1, begin.day.day) + (time - offset) * 1000);
  return { ...splitUtc(at), utc: true };
}

function splitUtc(at: Date): { day: Day; time: number } {
  return {
    day: { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() },
    time: at.getUTCHours() * 3600 + at.getUTCMinutes() * 60 + at.getUTCSeconds(),
  };
}

function fromSerial(serial: number): Written {
  const { day, time } = splitUtc(new Date(Math.round((serial - EPOCH_DAYS) * 86_400) * 1000));
  return { day, time: Number.isInteger(serial) ? null : time, utc: false };
}

/** Seconds of "1:24", "30:05:00", "1,4", "1.4 h", "84 min", "1 h 24 min"; a bare number counts `unit`. */
export function parseLength(text: string, unit: DurationUnit): number | null {
  const typed = text.trim().toLowerCase().replace(/\s+/g, " ");
  const clock = /^(\d{1,5}):([0-5]\d)(?::([0-5]\d)(?:[.,]\d+)?)?( ?h)?$/.exec(typed);
  if (clock) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0);
  const words = /^(\d{1,5}) ?(?:h|hrs?|std\.?|hours?)(?: ?(\d{1,2}) ?(?:m|min\.?|minutes?|minuten)?)$/.exec(typed);
  if (words) return Number(words[1]) * 3600 + Number(words[2]) * 60;
  const [, figure, said = ""] = /^(\d{1,9}(?:[.,]\d+)?|[.,]\d+) ?(h|hrs?|std\.?|hours?|stunden|m|min\.?|minutes?|minuten|s|sec|sek|seconds?)?$/.exec(typed) ?? [];
  if (figure === undefined) return null;
  const named: DurationUnit = said === "" ? unit : /^(h|std|stunden)/.test(said) ? "hours" : said.startsWith("m") ? "minutes" : "seconds";
  return Math.round(Number(figure.replace(",", ".")) * { hours: 3600, minutes: 60, seconds: 1 }[named]);
}

const CLASSES: [SessionClass, RegExp][] = [
  ["ground_run", /ground[ _-]?run|standlauf|bodenlauf|rollen|taxi|run[ _-]?up/],
  ["maintenance", /maintenance|wartung|werkstatt|inspektion/],
  ["avionics_only", /avionic|avionik|ground power/],
  ["test", /\btest|probe/],
  ["flight", /flight|flug|schulung|training|platzrunde|pattern|cross[ -]?country/],
];

/** The class that a word of the file means. */
export function parseClass(text: string): SessionClass | null {
  const typed = text.trim().toLowerCase();
  return typed === "" ? null : (CLASSES.find(([, words]) => words.test(typed))?.[0] ?? null);
}

/** What spreadsheets write for yes. */
export function parseFlag(text: string): boolean {
  return /^(true|wahr|yes|ja|y|j|x|1)$/i.test(text.trim());
}

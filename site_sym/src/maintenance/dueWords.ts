/** What is due, in words: how much is left, and about when that will be. Days are calendar days, "2026-12-14". */

import type { DueItem, MaintenanceState } from "../data/rows.ts";
import { formatHoursWithUnit, type HoursFormat, stepSeconds } from "../format/hours.ts";
import { formatCount } from "../format/plural.ts";
import { texts } from "../ui/texts.ts";

export type DueTone = "good" | "warn" | "bad" | "idle";

export const DUE_TONES: Record<MaintenanceState, DueTone> = { ok: "good", due_soon: "warn", due: "warn", overdue: "bad", unknown: "idle" };

export interface DueWords {
  /** "in 12.4 h", "overdue by 3 days", or what is missing. */
  left: string;
  /** "about 14 to 29 December", "on 3 March 2027"; empty where no date can be told. */
  when: string;
  /** The other of hours and calendar: "on 3 March 2027 at the latest", "40.2 h left"; empty where it does not matter. */
  also: string;
}

const DAY_MS = 86_400_000;
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
/** From so many days on a range within one month is called by the month. */
const MOST_OF_A_MONTH = 20;
/** What ten hours weigh beside thirty days, as the database sorts by urgency. */
const DAY_SECONDS_PER_SECOND = 72;

interface Parts {
  year: number;
  month: number;
  day: number;
}

function partsOf(date: string): Parts {
  const [year = 1970, month = 1, day = 1] = date.split("-").map(Number);
  return { year, month: month - 1, day };
}

/** Calendar days from one to another. */
export function dayCount(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

/** "14 December", with the year where it is not the present one. */
export function dueDay(date: string, today: string): string {
  const { year, month, day } = partsOf(date);
  return `${day} ${MONTHS[month]}${year === partsOf(today).year ? "" : ` ${year}`}`;
}

/** The days between which something is expected: "about 14 to 29 December", "in March", or that it is far away. */
export function rangeWords(from: string, to: string, today: string): string {
  const words = texts.due;
  if (dayCount(today, from) > 365) return words.notWithinAYear;
  const [first, last] = [partsOf(from), partsOf(to)];
  const year = (parts: Parts) => (parts.year === partsOf(today).year ? "" : ` ${parts.year}`);
  const isOneMonth = first.year === last.year && first.month === last.month;
  if (from === to) return words.about(dueDay(from, today));
  if (isOneMonth && last.day - first.day >= MOST_OF_A_MONTH) return words.inMonth(MONTHS[first.month] + year(first));
  if (isOneMonth) return words.aboutTo(String(first.day), dueDay(to, today));
  // The year once, where both days are in it.
  return words.aboutTo(`${first.day} ${MONTHS[first.month]}${first.year === last.year ? "" : year(first)}`, dueDay(to, today));
}

/** A duration that is never shown as nothing while something is left. */
function restWords(seconds: number, format: HoursFormat): string {
  const step = stepSeconds(format);
  return seconds * 2 < step && seconds > 0 ? texts.due.lessThan(formatHoursWithUnit(step, format)) : formatHoursWithUnit(seconds, format);
}

const STATES = ["ok", "due_soon", "due", "overdue"] as const;

function severity(rest: number, warning: number, tolerance: number): number {
  const state = rest > warning ? "ok" : rest > 0 ? "due_soon" : rest >= -tolerance ? "due" : "overdue";
  return STATES.indexOf(state);
}

/** Which of the two is reached first, as far as can be told; null: neither is known. */
export function leading(item: DueItem): "hours" | "calendar" | null {
  const { remaining_seconds: seconds, remaining_days: days, projected_from: from, due_on: dueOn } = item;
  if (seconds === null || days === null) return seconds !== null ? "hours" : days !== null ? "calendar" : null;
  const worse = severity(seconds, item.warning_seconds, item.tolerance_seconds) - severity(days, item.warning_days, item.tolerance_days);
  if (worse !== 0) return worse > 0 ? "hours" : "calendar";
  if (from !== null && dueOn !== null) return from < dueOn ? "hours" : "calendar";
  return seconds * DAY_SECONDS_PER_SECOND < days * 86_400 ? "hours" : "calendar";
}

function hoursLeft(item: DueItem, rest: number, format: HoursFormat): string {
  const words = texts.due;
  if (rest > 0) return words.in(restWords(rest, format));
  if (rest < -item.tolerance_seconds) return words.overdueBy(restWords(-rest, format));
  return rest === 0 ? words.now : words.intoTolerance(restWords(-rest, format), formatHoursWithUnit(item.tolerance_seconds, format));
}

function daysLeft(item: DueItem, rest: number): string {
  const words = texts.due;
  if (rest > 1) return words.in(words.days(rest));
  if (rest === 1) return words.tomorrow;
  if (rest === 0) return words.today;
  return rest < -item.tolerance_days ? words.overdueBy(words.days(-rest)) : words.intoTolerance(words.days(-rest), words.days(item.tolerance_days));
}

/** @param today the calendar day of now in the zone that is shown */
export function dueWords(item: DueItem, format: HoursFormat, today: string): DueWords {
  const words = texts.due;
  const lead = leading(item);
  const { remaining_seconds: seconds, remaining_days: days, due_on: dueOn } = item;
  const day = dueOn === null ? "" : dueDay(dueOn, today);
  if (item.status === "unknown" && item.missing !== null) {
    return { left: words.missing[item.missing], when: "", also: dueOn === null ? "" : words.latest(words.on(day)) };
  }
  if (lead === "hours" && seconds !== null) {
    const range = item.projected_from === null || item.projected_to === null ? "" : rangeWords(item.projected_from, item.projected_to, today);
    return {
      left: hoursLeft(item, seconds, format),
      when: seconds > 0 ? range : "",
      also: days === null || (days > 0 && seconds <= 0) ? "" : days > 0 ? words.latest(words.on(day)) : daysLeft(item, days),
    };
  }
  if (lead === "calendar" && days !== null) {
    return {
      left: daysLeft(item, days),
      when: days < 0 ? words.since(day) : days === 0 ? "" : words.on(day),
      also: seconds === null || (seconds > 0 && days <= 0) ? "" : seconds > 0 ? words.left(restWords(seconds, format)) : hoursLeft(item, seconds, format),
    };
  }
  return { left: "", when: "", also: "" };
}

/** The item and what is to be said of it: "100 h check in 12.4 h, about 14 to 29 December". */
export function dueSentence(item: DueItem, format: HoursFormat, today: string): string {
  const { left, when } = dueWords(item, format, today);
  const between = item.status === "unknown" ? ": " : " ";
  return [[item.name, left].join(left ? between : ""), when].filter(Boolean).join(", ");
}

/** How much of its interval is used up, 0 to 1; null: not known. */
export function usedShare(item: DueItem): number | null {
  const { interval_seconds, remaining_seconds, remaining_days, due_on, last_done_on } = item;
  const shares = [
    interval_seconds !== null && remaining_seconds !== null ? 1 - remaining_seconds / interval_seconds : null,
    due_on !== null && last_done_on !== null && remaining_days !== null ? 1 - remaining_days / Math.max(1, dayCount(last_done_on, due_on)) : null,
  ].filter((share) => share !== null);
  return shares.length === 0 ? null : Math.min(1, Math.max(0, ...shares));
}

/** "100 h or 12 months". */
export function intervalWords(item: Pick<DueItem, "interval_seconds" | "interval_months" | "interval_days">, format: HoursFormat): string {
  const words = texts.due;
  const hours = item.interval_seconds === null ? null : wholeHours(item.interval_seconds, format);
  const calendar = item.interval_months !== null ? words.months(item.interval_months) : item.interval_days !== null ? words.days(item.interval_days) : null;
  return hours !== null && calendar !== null ? words.or(hours, calendar) : (hours ?? calendar ?? "");
}

/** "100 h" where there is no fraction. */
function wholeHours(seconds: number, format: HoursFormat): string {
  return seconds % 3600 === 0 ? `${formatCount(seconds / 3600)} h` : formatHoursWithUnit(seconds, format);
}

/** "2026-12-14", "to 2026-12-29": the days between which its hours are expected to be used up, for a list on paper, whole parts of a line each. */
export function expectedDays(item: DueItem): string[] {
  const { projected_from: from, projected_to: to } = item;
  if (from === null || to === null) return [];
  return from === to ? [from] : [from, texts.due.to(to)];
}

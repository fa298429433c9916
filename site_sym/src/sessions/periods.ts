/**
 * Periods of the log, as the address of a page names them: relative to the present day ("last_month"), or a year, month
 * or day of the calendar as ISO 8601 writes it ("2025", "2026-06", "2026-06-14"). Days are those of the zone that is shown.
 */

import { formatLongDay, formatMonthAndYear, isoDay, startOfDay, type Zone } from "../format/times.ts";

/** Those that always mean what they say, whatever day it is then; "custom" is from a day to a day. */
export const NAMED_PERIODS = ["today", "yesterday", "month", "last_month", "year", "30d", "90d", "all", "custom"] as const;
export type NamedPeriod = (typeof NAMED_PERIODS)[number];
export type CalendarPeriod = `${number}` | `${number}-${number}` | `${number}-${number}-${number}`;
export type Period = NamedPeriod | CalendarPeriod;

/** What the page shows without being asked for anything else. */
export const PLAIN_PERIOD = "30d" satisfies Period;
/** What people ask daily, in the order in which it is offered. */
export const EVERYDAY_PERIODS = ["today", "yesterday", "month", "last_month", "year"] as const satisfies Period[];

/** How many days before the present one they begin. */
const DAYS_BACK: Partial<Record<Period, number>> = { "30d": 30, "90d": 90 };
const CALENDAR = /^[12]\d{3}(-\d{2}(-\d{2})?)?$/;

/** An instant each; "" is open. */
interface Bounds {
  from: string;
  until: string;
}

function isNamed(word: string): word is NamedPeriod {
  return (NAMED_PERIODS as readonly string[]).includes(word);
}

/** Whether the calendar has this year, month or day: 2026-02-29 is none. */
export function isCalendarPeriod(word: string): word is CalendarPeriod {
  if (!CALENDAR.test(word)) return false;
  const first = firstDay(word);
  const at = new Date(`${first}T00:00:00Z`);
  // Some engines take 30 February for 2 March.
  return !Number.isNaN(at.getTime()) && isoDay(at, "utc") === first;
}

/** The period that a word of the address names; null if it names none. */
export function readPeriod(word: string): Period | null {
  return isNamed(word) || isCalendarPeriod(word) ? word : null;
}

/** "2026-06-01" of "2026-06". */
function firstDay(period: string): string {
  return `${period}-01-01`.slice(0, "2026-06-14".length);
}

/** "2025", "June 2026", "14 June 2026". */
export function periodName(period: CalendarPeriod): string {
  const [, month, day] = period.split("-");
  if (month === undefined) return period;
  return day === undefined ? formatMonthAndYear(`${period}-01`) : formatLongDay(period);
}

/** The day after the last of a year, month or day of the calendar. */
function dayAfter(period: CalendarPeriod): string {
  const [year = 1970, month, day] = period.split("-").map(Number);
  if (month === undefined) return isoDay(new Date(Date.UTC(year + 1, 0)), "utc");
  return isoDay(new Date(day === undefined ? Date.UTC(year, month) : Date.UTC(year, month - 1, day + 1)), "utc");
}

/** The year, month or day of the calendar that a period is at present; null if it is none of these. */
export function calendarPeriod(period: Period, zone: Zone, now: Date): CalendarPeriod | null {
  const today = isoDay(now, zone) as CalendarPeriod;
  const [year = 1970, month = 1, day = 1] = today.split("-").map(Number);
  const before = (monthIndex: number, of: number) => isoDay(new Date(Date.UTC(year, monthIndex, of)), "utc");
  switch (period) {
    case "today":
      return today;
    case "yesterday":
      return before(month - 1, day - 1) as CalendarPeriod;
    case "month":
      return today.slice(0, 7) as CalendarPeriod;
    case "last_month":
      return before(month - 2, 1).slice(0, 7) as CalendarPeriod;
    case "year":
      return today.slice(0, 4) as CalendarPeriod;
    default:
      return isNamed(period) ? null : period;
  }
}

/** Where a period begins and ends at present; those of "custom" stand in the address beside it. */
export function boundsOf(period: Period, zone: Zone, now: Date): Bounds {
  const calendar = calendarPeriod(period, zone, now);
  if (calendar !== null) return { from: startOfDay(firstDay(calendar), zone), until: startOfDay(dayAfter(calendar), zone) };
  const back = DAYS_BACK[period];
  return { from: back === undefined ? "" : startOfDay(isoDay(now, zone), zone, -back), until: "" };
}

/** The years from the first session of any plane to the present one, newest first; the present one alone where nothing flew. */
export function yearsOf(planes: { first_effective_start: string | null }[], zone: Zone, now: Date): number[] {
  const yearOf = (at: Date) => Number(isoDay(at, zone).slice(0, 4));
  const starts = planes.flatMap(({ first_effective_start }) => (first_effective_start === null ? [] : [yearOf(new Date(first_effective_start))]));
  const present = yearOf(now);
  const first = Math.min(present, ...starts);
  return Array.from({ length: present - first + 1 }, (_, i) => present - i);
}

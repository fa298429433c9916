/** Times of day in UTC (marked Z) or in the reader's own zone, 24 hours. Every input is an ISO 8601 instant. */

import { clockAt, instantOf } from "./zoneClock.ts";

export const ZONES = ["utc", "local"] as const;
export type Zone = (typeof ZONES)[number];

const LOCALE = "en-GB";
const DAY_MS = 86_400_000;

const two = (value: number) => String(value).padStart(2, "0");

/**
 * The IANA name of the reader's own zone; null where the browser does not know it or names one that there is not. A bare
 * offset is none: "+05:30" means the opposite to Postgres.
 */
export function localZoneName(): string | null {
  const name: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!name || name === "Etc/Unknown" || !/^[A-Za-z]/.test(name)) return null;
  try {
    return new Intl.DateTimeFormat(LOCALE, { timeZone: name }).resolvedOptions().timeZone && name;
  } catch {
    return null;
  }
}

/** The IANA name that the database groups days and months by. */
export function timeZoneName(zone: Zone): string {
  return (zone === "local" && localZoneName()) || "UTC";
}

/** "UTC", or the reader's zone as they would call it: "CET", "GMT+2". */
export function zoneLabel(zone: Zone, at: Date): string {
  if (zone === "utc") return "UTC";
  const parts = new Intl.DateTimeFormat(LOCALE, { timeZoneName: "short" }).formatToParts(at);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "local";
}

/** Days from `from` to `to` by the calendar of the zone, however long those days were. */
export function daysBetween(from: Date, to: Date, zone: Zone): number {
  const midnight = (at: Date) => {
    const { year, month, day } = clockAt(at, zone);
    return Date.UTC(year, month - 1, day);
  };
  return (midnight(to) - midnight(from)) / DAY_MS;
}

const monthNames: string[] = [];

/** "09:14Z" or "10:14". */
export function formatTime(iso: string, zone: Zone): string {
  const { hour, minute } = clockAt(Date.parse(iso), zone);
  return `${two(hour)}:${two(minute)}${zone === "utc" ? "Z" : ""}`;
}

/** "Nov": three letters for every month, where the locale would write "Sept". */
function monthName(month: number): string {
  return (monthNames[month] ??= new Date(Date.UTC(2000, month))
    .toLocaleDateString(LOCALE, { timeZone: "UTC", month: "long" })
    .slice(0, 3));
}

/** "23 Nov", with the year where it is not the present one. */
export function formatDay(iso: string, zone: Zone, now: Date): string {
  const { year, month, day } = clockAt(Date.parse(iso), zone);
  const text = `${day} ${monthName(month - 1)}`;
  return year === clockAt(now, zone).year ? text : `${text} ${year}`;
}

/** "Mon" for a calendar day ("2026-11-23"). */
export function formatWeekday(date: string): string {
  return new Date(`${date}T00:00:00Z`).toLocaleDateString(LOCALE, { timeZone: "UTC", weekday: "short" });
}

/** "today 09:14Z", "yesterday 16:40Z", "20 Nov 08:02Z". */
export function formatMoment(iso: string, zone: Zone, now: Date): string {
  const daysAgo = daysBetween(new Date(iso), now, zone);
  const day = daysAgo === 0 ? "today" : daysAgo === 1 ? "yesterday" : formatDay(iso, zone, now);
  return `${day} ${formatTime(iso, zone)}`;
}

/** "+1" where a session ends on a later day than it began, "" on the same day. */
export function laterDay(startIso: string, endIso: string, zone: Zone): string {
  const days = daysBetween(new Date(startIso), new Date(endIso), zone);
  return days > 0 ? `+${days}` : "";
}

/** "Nov" for the first day of a month as the database gives it ("2026-11-01"). */
export function formatMonth(date: string): string {
  return monthName(new Date(`${date}T00:00:00Z`).getUTCMonth());
}

/** "November 2026". */
export function formatMonthAndYear(date: string): string {
  return new Date(`${date}T00:00:00Z`).toLocaleDateString(LOCALE, { timeZone: "UTC", month: "long", year: "numeric" });
}

/** "14 June 2026" for a calendar day ("2026-06-14"). */
export function formatLongDay(date: string): string {
  return new Date(`${date}T00:00:00Z`).toLocaleDateString(LOCALE, { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" });
}

/** A day's heading: "Today" and "Yesterday" by name, and every day's date, with the year where it is not the present one: "Thursday 26 November". */
export function dayTitle(date: string, zone: Zone, now: Date): { name: string; date: string } {
  const ago = daysBetween(new Date(startOfDay(date, zone)), now, zone);
  const year = date.startsWith(isoDay(now, zone).slice(0, 4)) ? undefined : "numeric";
  const words = new Date(`${date}T00:00:00Z`).toLocaleDateString(LOCALE, { timeZone: "UTC", weekday: "long", day: "numeric", month: "long", year });
  return { name: ago === 0 ? "Today" : ago === 1 ? "Yesterday" : "", date: words.replace(",", "") };
}

/** The instant at which a calendar day ("2026-11-23") begins in the zone, `plusDays` later. */
export function startOfDay(date: string, zone: Zone, plusDays = 0): string {
  const [year = 1970, month = 1, day = 1] = date.split("-").map(Number);
  return new Date(instantOf({ year, month, day: day + plusDays }, 0, zone)).toISOString();
}

/** The calendar day ("2026-11-23") of an instant in the zone. */
export function isoDay(at: Date, zone: Zone): string {
  const { year, month, day } = clockAt(at, zone);
  return `${year}-${two(month)}-${two(day)}`;
}

/** The first day of the month before the one in which a calendar day lies: "2026-10-01" of "2026-11-23". */
export function monthBefore(day: string): string {
  const [year = 1970, month = 1] = day.split("-").map(Number);
  return month === 1 ? `${year - 1}-12-01` : `${year}-${String(month - 1).padStart(2, "0")}-01`;
}

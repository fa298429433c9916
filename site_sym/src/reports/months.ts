/** Calendar months in a report's own time zone, which need not be the one that the page shows. A month is "2026-10". */

import type { ReportHead } from "../data/rows.ts";
import { clockAt, instantOf } from "../format/zoneClock.ts";

const two = (value: number) => String(value).padStart(2, "0");

/** "2026-10-31". */
export function dayIn(iso: string, timeZone: string): string {
  const { year, month, day } = clockAt(Date.parse(iso), timeZone);
  return `${year}-${two(month)}-${two(day)}`;
}

/** "14:05". */
export function timeIn(iso: string, timeZone: string): string {
  const { hour, minute } = clockAt(Date.parse(iso), timeZone);
  return `${two(hour)}:${two(minute)}`;
}

/** "2026-10-31 14:05". */
export function momentIn(iso: string, timeZone: string): string {
  return `${dayIn(iso, timeZone)} ${timeIn(iso, timeZone)}`;
}

/** The month in which an instant lies. */
export function monthOf(at: Date, timeZone: string): string {
  const { year, month } = clockAt(at, timeZone);
  return `${year}-${two(month)}`;
}

/** Some months later; earlier, if `months` is negative. */
export function laterMonth(month: string, months: number): string {
  const [year = 1970, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + months)).toISOString().slice(0, 7);
}

/** The instant at which a month begins in the zone. */
export function beginOfMonth(month: string, timeZone: string): string {
  const [year = 1970, number = 1] = month.split("-").map(Number);
  return new Date(instantOf({ year, month: number, day: 1 }, 0, timeZone)).toISOString();
}

/** The report that stands for each month, by the month: of one month's the newest. @param reports as they are listed */
export function standing<Report extends Pick<ReportHead, "month" | "report_id">>(reports: Report[]): Map<string, Report> {
  const found = new Map<string, Report>();
  for (const report of reports) {
    const month = report.month.slice(0, 7);
    if (!found.has(month)) found.set(month, report);
  }
  return found;
}

/** Whether what people said of the month still cannot change. */
export function isLocked(report: Pick<ReportHead, "ends">, lockedUntil: string | null): boolean {
  return lockedUntil !== null && Date.parse(report.ends) <= Date.parse(lockedUntil);
}

/** How far back a month without a report is offered. */
const MONTHS_OFFERED = 24;

export interface ToClose {
  /** The one to close next; null: it has not ended yet. */
  next: string | null;
  /** All that can be closed, newest first. */
  months: string[];
  /** The first month that cannot be closed yet. */
  running: string;
}

/** Which months can be closed: those that have ended, without those whose report stands behind the lock. @param reports as they are listed */
export function toClose(reports: ReportHead[], lockedUntil: string | null, now: Date, timeZone: string): ToClose {
  const newest = standing(reports);
  const isClosed = (month: string) => {
    const report = newest.get(month);
    return report !== undefined && isLocked(report, lockedUntil);
  };
  const running = monthOf(now, timeZone);
  const months = Array.from({ length: MONTHS_OFFERED }, (_, i) => laterMonth(running, -1 - i)).filter((month) => !isClosed(month));
  const first = lockedUntil === null ? laterMonth(running, -1) : monthOf(new Date(lockedUntil), timeZone);
  let next = first;
  while (next < running && isClosed(next)) next = laterMonth(next, 1);
  return { next: next < running ? next : null, months: next < running && !months.includes(next) ? [...months, next] : months, running };
}

/** A day or a week of the log, laid out as bars on one lane per plane. */

import type { LogEntry, Plane } from "../data/rows.ts";
import { formatDay, formatTime, formatWeekday, isoDay, startOfDay, type Zone } from "../format/times.ts";
import { instantOf } from "../format/zoneClock.ts";

export const VIEWS = ["day", "week"] as const;
export type View = (typeof VIEWS)[number];

export interface Period {
  view: View;
  /** Calendar days ("2026-11-23") of the zone. */
  days: string[];
  /** The instants between which it lies, the end exclusive. */
  from: string;
  until: string;
}

export interface Bar {
  entry: LogEntry;
  /** What can be clicked, in pixels from the lane's left edge. */
  left: number;
  width: number;
  /** What is drawn in it: the true time. */
  fillLeft: number;
  fillWidth: number;
  /** Bars that would touch stand below each other. */
  row: number;
  /** It goes on beyond the period's edge. */
  fromBefore: boolean;
  intoAfter: boolean;
}

export interface Lane {
  plane: Plane | null;
  entries: LogEntry[];
}

/** The least that a finger hits (WCAG 2.5.8). */
const TARGET_PX = 24;
const THINNEST_PX = 3;
const BETWEEN_PX = 2;
const DAY_MS = 86_400_000;
const HOURS_PER_TICK = 3;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** What the address says, or this week. A week begins on Monday. */
export function readPeriod(query: URLSearchParams, zone: Zone, now: Date): Period {
  const asked = query.get("date") ?? "";
  const date = DATE.test(asked) && !Number.isNaN(Date.parse(asked)) ? asked : isoDay(now, zone);
  return periodOf(query.get("view") === "day" ? "day" : "week", date, zone);
}

export function periodOf(view: View, date: string, zone: Zone): Period {
  const sinceMonday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  const first = view === "day" ? date : plusDays(date, -sinceMonday);
  const days = Array.from({ length: view === "day" ? 1 : 7 }, (_, n) => plusDays(first, n));
  return { view, days, from: startOfDay(first, zone), until: startOfDay(first, zone, days.length) };
}

/** The first day of the period `steps` later. */
export function later({ days }: Period, steps: number): string {
  return plusDays(days[0] ?? "", steps * days.length);
}

export interface Tick {
  at: string;
  /** Share of the period that has passed, 0 to 1. */
  share: number;
  text: string;
  /** The day that it begins, in a week. */
  day: string | null;
}

/** Where hours or days begin; a day may have 23 or 25 hours. */
export function ticksOf(period: Period, zone: Zone, now: Date): Tick[] {
  const share = shareIn(period);
  if (period.view === "week") {
    return period.days.map((day) => {
      const at = startOfDay(day, zone);
      return { at, share: share(at), text: `${formatWeekday(day)} ${formatDay(at, zone, now)}`, day };
    });
  }
  const [year = 0, month = 1, day = 1] = (period.days[0] ?? "").split("-").map(Number);
  return Array.from({ length: 24 / HOURS_PER_TICK }, (_, n) => {
    const hour = n * HOURS_PER_TICK;
    const at = new Date(instantOf({ year, month, day }, hour * 3600, zone)).toISOString();
    return { at, share: share(at), text: formatTime(at, zone), day: null };
  });
}

export function shareIn({ from, until }: Period): (iso: string) => number {
  const [begin, end] = [Date.parse(from), Date.parse(until)];
  return (iso) => (Date.parse(iso) - begin) / (end - begin);
}

/** A lane for each plane in service, and for whatever else has entries in the period. */
export function lanesOf(entries: LogEntry[], planes: Plane[]): Lane[] {
  const ofPlane = (id: string | null) => entries.filter(({ plane_id }) => plane_id === id);
  const lanes = planes
    .map((plane): Lane => ({ plane, entries: ofPlane(plane.plane_id) }))
    .filter(({ plane, entries }) => plane?.archived_at === null || entries.length > 0);
  const loose = ofPlane(null);
  return loose.length > 0 ? [...lanes, { plane: null, entries: loose }] : lanes;
}

/** Bars in the order of their begin, on a lane so many pixels wide. */
export function barsOf(entries: LogEntry[], period: Period, laneWidth: number): Bar[] {
  const share = shareIn(period);
  const px = (part: number) => Math.round(part * laneWidth * 100) / 100;
  const rowEnds: number[] = [];
  return entries
    .toSorted((one, other) => Date.parse(one.effective_start) - Date.parse(other.effective_start))
    .map((entry) => {
      const [begin, end] = [share(entry.effective_start), share(entry.session_end)];
      const fillWidth = Math.max(px(Math.min(end, 1) - Math.max(begin, 0)), THINNEST_PX);
      const fill = Math.min(px(Math.max(begin, 0)), laneWidth - fillWidth);
      const width = Math.max(fillWidth, TARGET_PX);
      const left = Math.max(Math.min(fill, laneWidth - width), 0);
      const free = rowEnds.findIndex((rowEnd) => rowEnd + BETWEEN_PX <= left);
      const row = free < 0 ? rowEnds.length : free;
      rowEnds[row] = left + width;
      return { entry, left, width, fillLeft: fill - left, fillWidth, row, fromBefore: begin < 0, intoAfter: end > 1 };
    });
}

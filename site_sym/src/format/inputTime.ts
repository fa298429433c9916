/** Times and durations as people type them. */

import { parseHours } from "./hours.ts";
import { isoDay, type Zone } from "./times.ts";
import { clockAt, instantOf } from "./zoneClock.ts";

const two = (value: number) => String(value).padStart(2, "0");

/** An instant as it is typed, in the zone: "2026-11-23 09:14", with the seconds where there are any. */
export function toInputTime(iso: string, zone: Zone): string {
  const at = new Date(iso);
  const { hour, minute, second } = clockAt(at, zone);
  return `${isoDay(at, zone)} ${(second === 0 ? [hour, minute] : [hour, minute, second]).map(two).join(":")}`;
}

const MOMENT = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:\s+|T)(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

/** The instant that was typed, on a 24-hour clock, seconds optional; null where it is not a time. */
export function fromInputTime(text: string, zone: Zone): string | null {
  const found = MOMENT.exec(text.trim());
  if (!found) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map((part) => Number(part ?? 0));
  const written = new Date(Date.UTC(year, month - 1, day));
  // Date reads 30 February as 2 March.
  if (written.getUTCMonth() !== month - 1 || written.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return null;
  return new Date(instantOf({ year, month, day }, hour * 3600 + minute * 60 + second, zone)).toISOString();
}

/** The calendar day that was typed, "2026-11-23", also without the hyphens, which a phone's keypad may lack; null where it is no day. */
export function fromInputDay(text: string): string | null {
  const found = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(text.trim()) ?? /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text.trim());
  if (!found) return null;
  const [year = 0, month = 0, day = 0] = found.slice(1).map(Number);
  const written = new Date(Date.UTC(year, month - 1, day));
  // Date reads 30 February as 2 March.
  return written.getUTCMonth() === month - 1 && written.getUTCDate() === day ? written.toISOString().slice(0, 10) : null;
}

/** Seconds of "1:24:30", "1:24" or "1.4" hours; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, hours, minutes, seconds] = /^(\d{1,5}):([0-5]\d):([0-5]\d)$/.exec(text.trim()) ?? [];
  if (hours === undefined) return parseHours(text);
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** Seconds as "1:24", with the seconds where there are any: what parseDuration reads. */
export function toInputDuration(seconds: number): string {
  const text = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}`;
  return seconds % 60 === 0 ? text : `${text}:${two(seconds % 60)}`;
}

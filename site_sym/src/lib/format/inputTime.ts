/** Times and durations as people type them. */

import { parseHours } from "./hours.ts";
import { isoDay, type Zone } from "./times.ts";

const two = (value: number) => String(value).padStart(2, "0");

/** An instant as a datetime-local input of the zone holds it: "2026-11-23T09:14:05". */
export function toInputTime(iso: string, zone: Zone): string {
  const at = new Date(iso);
  const time = zone === "utc" ? [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()] : [at.getHours(), at.getMinutes(), at.getSeconds()];
  return `${isoDay(at, zone)}T${time.map(two).join(":")}`;
}

/** The instant that was typed into such an input; null where it is not a time. */
export function fromInputTime(text: string, zone: Zone): string | null {
  const at = new Date(zone === "utc" ? `${text}Z` : text);
  return text === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
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

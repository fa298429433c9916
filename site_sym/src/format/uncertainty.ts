/** How far a figure may be off. This is the only place that puts it into words, so that it reads the same everywhere. */

import { formatHoursAtMost, type HoursFormat } from "./hours.ts";
import { formatCount } from "./plural.ts";

/**
 * How far hours, or the seconds of a session, may be off, in the unit in which they are shown: "at most 1.3 h more". A power
 * cut only ever loses time; what is known no better than its start can also be less: "at most 1.3 h more or 0.4 h less". A
 * plus-or-minus stands where it really goes both ways: "±0.4 h". "" where nothing is in doubt.
 *
 * @param moreSeconds at most so much more than shown
 * @param lessSeconds at most so much less
 */
export function uncertaintyWords(moreSeconds: number, lessSeconds: number, unit: HoursFormat | "seconds"): string {
  const atMost = (seconds: number) => (unit === "seconds" ? `${formatCount(Math.ceil(seconds))} s` : formatHoursAtMost(seconds, unit));
  if (moreSeconds <= 0 && lessSeconds <= 0) return "";
  if (lessSeconds <= 0) return `at most ${atMost(moreSeconds)} more`;
  if (moreSeconds <= 0) return `at most ${atMost(lessSeconds)} less`;
  const [more, less] = [atMost(moreSeconds), atMost(lessSeconds)];
  return more === less ? `±${more}` : `at most ${more} more or ${less} less`;
}

const MINUTE = 60;
const DAY = 86_400;

/** How far an estimated start may be off, earlier or later: "±40 min", "±2.4 h", "±4 days"; rounded up, so that it stays true. */
export function startUncertainty(seconds: number): string {
  if (seconds < 90) return `±${Math.ceil(seconds)} s`;
  if (seconds < 90 * MINUTE) return `±${Math.ceil(seconds / MINUTE)} min`;
  if (seconds < 2 * DAY) return `±${formatHoursAtMost(seconds, "tenths")}`;
  return `±${formatCount(Math.ceil(seconds / DAY))} days`;
}

/** A session's seconds and how far they may be off: "5,070 s, at most 60 s more". */
export function exactSeconds(runSeconds: number, checkpointSeconds: number | null): string {
  return [`${formatCount(runSeconds)} s`, uncertaintyWords(checkpointSeconds ?? 0, 0, "seconds")].filter(Boolean).join(", ");
}

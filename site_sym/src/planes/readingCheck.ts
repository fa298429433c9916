/** Whether a reading is worth a question before it is recorded. None is refused here: the panel may be right. */

import { parseMeter } from "../format/hours.ts";

/** What is known of a meter at the time of a reading, in seconds. */
export interface Known {
  /** What it should show; null: cannot be told. */
  expected: number | null;
  /** How far off that may be. */
  uncertainty: number;
  /** The reading in force before that time; null: the first one. */
  before: number | null;
  /** The one that follows. */
  after: number | null;
}

export type Doubt = "lower" | "higher" | "far";

const SECONDS_PER_HOUR = 3600;
/** Meters are read to the tenth: less than that is no difference. */
const TENTH_SECONDS = 360;
/**
 * A board that missed a flight, or counts a little more than the panel, is an hour or two off, and nobody wants to be asked.
 * The more was counted since the last reading, the more may have gone missing with it: as much again, and ten hours at most,
 * because two digits swapped are seldom less.
 */
const LEAST_MARGIN_SECONDS = 2 * SECONDS_PER_HOUR;
const MOST_MARGIN_SECONDS = 10 * SECONDS_PER_HOUR;

/** What is odd about a reading; null: nothing. Without an earlier reading there is nothing to hold it against. */
export function doubtOf(seconds: number, { expected, uncertainty, before, after }: Known): Doubt | null {
  if (before === null) return null;
  if (before - seconds >= TENTH_SECONDS) return "lower";
  if (after !== null && seconds - after >= TENTH_SECONDS) return "higher";
  if (expected === null) return null;
  const margin = Math.min(Math.max(expected - before, LEAST_MARGIN_SECONDS), MOST_MARGIN_SECONDS);
  return Math.abs(seconds - expected) > uncertainty + margin ? "far" : null;
}

export interface Slip {
  kind: "point" | "swapped" | "digit";
  /** What would fit instead. */
  seconds: number;
}

/** The slip of a finger that most likely made the figure what it is; null: none makes one that fits. */
export function slipOf(typed: string, known: Known): Slip | null {
  const kinds = { point: withPoint(typed), swapped: withDigitsSwapped(typed), digit: withOneOther(typed) };
  for (const [kind, texts] of Object.entries(kinds)) {
    const seconds = nearestFitting(texts, known);
    if (seconds !== null) return { kind: kind as Slip["kind"], seconds };
  }
  return null;
}

/** Of other meters the one that shows about that much. */
export function otherWith<Other extends { meter_seconds: number | null }>(seconds: number, others: Other[]): Other | null {
  const distance = ({ meter_seconds }: Other) => (meter_seconds === null ? Infinity : Math.abs(meter_seconds - seconds));
  const [nearest] = others.toSorted((a, b) => distance(a) - distance(b));
  return nearest && distance(nearest) <= LEAST_MARGIN_SECONDS ? nearest : null;
}

function nearestFitting(texts: string[], { expected, uncertainty, before, after }: Known): number | null {
  const aim = expected ?? before;
  if (aim === null) return null;
  const fits = (seconds: number) =>
    Math.abs(seconds - aim) <= uncertainty + LEAST_MARGIN_SECONDS && seconds >= (before ?? 0) && (after === null || seconds <= after);
  const candidates = texts.map(parseMeter).filter((seconds) => seconds !== null);
  return candidates.filter(fits).sort((a, b) => Math.abs(a - aim) - Math.abs(b - aim))[0] ?? null;
}

/** "48139" as "4813.9" and "481.39". */
function withPoint(typed: string): string[] {
  const digits = typed.trim();
  return /^\d{3,}$/.test(digits) ? [1, 2].map((places) => `${digits.slice(0, -places)}.${digits.slice(-places)}`) : [];
}

function digitPlaces(typed: string): number[] {
  return [...typed].flatMap((sign, place) => (/\d/.test(sign) ? [place] : []));
}

function replaced(typed: string, signs: Record<number, string | undefined>): string {
  return [...typed].map((sign, place) => signs[place] ?? sign).join("");
}

/** Every two neighbours changed over, also across the point. */
function withDigitsSwapped(typed: string): string[] {
  const places = digitPlaces(typed);
  return places.slice(1).map((place, i) => {
    const before = places[i] ?? place;
    return replaced(typed, { [before]: typed[place], [place]: typed[before] });
  });
}

function withOneOther(typed: string): string[] {
  return digitPlaces(typed).flatMap((place) => [..."0123456789"].map((digit) => replaced(typed, { [place]: digit })));
}

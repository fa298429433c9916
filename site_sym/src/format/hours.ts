/**
 * Hours are whole seconds everywhere, until they are shown, here. What a meter shows at a moment (drum, readings, Hobbs
 * start and end, a due figure) is cut off to the step that is complete, as a real meter does: `formatMeter`. Durations and
 * sums are rounded once, their thousands grouped: `formatHours`. One figure goes one of the two ways wherever it stands.
 */

import { formatCount } from "./plural.ts";

export const HOURS_FORMATS = ["tenths", "hundredths", "hhmm"] as const;
export type HoursFormat = (typeof HOURS_FORMATS)[number];

const SECONDS_PER_HOUR = 3600;
const STEPS_PER_HOUR: Record<HoursFormat, number> = { tenths: 10, hundredths: 100, hhmm: 60 };
const FRACTION_DIGITS: Record<HoursFormat, number> = { tenths: 1, hundredths: 2, hhmm: 2 };
const FRACTION_MARK: Record<HoursFormat, string> = { tenths: ".", hundredths: ".", hhmm: ":" };
const DRUM_WHOLE_DIGITS = 5;

/** Whole hours and the fraction's digits of `seconds` (0 or more), in steps of the format: rounded or cut off. */
function split(seconds: number, format: HoursFormat, toStep: (steps: number) => number): { whole: string; fraction: string } {
  const perHour = STEPS_PER_HOUR[format];
  const steps = toStep((seconds * perHour) / SECONDS_PER_HOUR);
  return {
    whole: String(Math.floor(steps / perHour)),
    fraction: String(steps % perHour).padStart(FRACTION_DIGITS[format], "0"),
  };
}

function grouped(seconds: number, format: HoursFormat, toStep: (steps: number) => number): string {
  const { whole, fraction } = split(Math.abs(seconds), format, toStep);
  const text = `${formatCount(whole)}${FRACTION_MARK[format]}${fraction}`;
  return seconds < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** Seconds as "8,543.6", "8,543.62" or "8,543:37"; a minus sign before negative ones. */
export function formatHours(seconds: number, format: HoursFormat): string {
  return grouped(seconds, format, Math.round);
}

/** A bound with its unit, rounded up, so that it stays true: a second more than 1.3 hours is "1.4 h". */
export function formatHoursAtMost(seconds: number, format: HoursFormat): string {
  return withUnit(grouped(seconds, format, Math.ceil), format);
}

/** What a meter shows at `seconds`, 0 or more: "4812.6" until the next tenth is complete, its thousands together as on the drums. */
export function formatMeter(seconds: number, format: HoursFormat): string {
  const { whole, fraction } = split(Math.max(0, seconds), format, Math.floor);
  return `${whole}${FRACTION_MARK[format]}${fraction}`;
}

/** The same with its unit: "18.6 h"; "18:37" needs none. */
export function formatMeterWithUnit(seconds: number, format: HoursFormat): string {
  return withUnit(formatMeter(seconds, format), format);
}

/** The smallest step that the format shows. */
export function stepSeconds(format: HoursFormat): number {
  return SECONDS_PER_HOUR / STEPS_PER_HOUR[format];
}

/** From one figure of a meter to another, in whole steps of the format: the difference that the two have as they are shown. */
export function shownRest(total: number, part: number, format: HoursFormat): number {
  const step = stepSeconds(format);
  return (Math.floor(total / step) - Math.floor(part / step)) * step;
}

/** A difference with its sign: "+1.5", "−0.2", "0.0". */
export function formatDifference(seconds: number, format: HoursFormat): string {
  const text = formatHours(seconds, format);
  return seconds > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** The same with its unit: "18.6 h"; "18:37" needs none. */
export function formatHoursWithUnit(seconds: number, format: HoursFormat): string {
  return withUnit(formatHours(seconds, format), format);
}

function withUnit(text: string, format: HoursFormat): string {
  return format === "hhmm" ? text : `${text} h`;
}

/** What a screen reader says for a plane's hours: "4812.4 hours" or "4812 hours 22 minutes". */
export function spokenHours(seconds: number, format: HoursFormat): string {
  if (format !== "hhmm") return `${formatMeter(seconds, format)} hours`;
  const { whole, fraction } = split(Math.max(0, seconds), format, Math.floor);
  return `${whole} hours ${Number(fraction)} minutes`;
}

/** Seconds of typed hours, "4813.9", "4813,9" or "4813:54", or of copied ones, "4,813.9"; null for anything else. */
export function parseHours(text: string): number | null {
  const typed = text.trim().replace(/^(\d{1,3}),(\d{3}[.:]\d{1,2})$/, "$1$2");
  const [, hours, minutes] = /^(\d{1,6}):([0-5]\d)$/.exec(typed) ?? [];
  if (hours !== undefined && minutes !== undefined) return Number(hours) * SECONDS_PER_HOUR + Number(minutes) * 60;
  return /^\d{1,6}([.,]\d{1,2})?$/.test(typed) ? Math.round(Number(typed.replace(",", ".")) * SECONDS_PER_HOUR) : null;
}

/** What was read off a meter: as typed hours, and as people copy figures: "4,813.9", "4.813,9", "4 813:54", "4813.9 h". */
export function parseMeter(text: string): number | null {
  const typed = text.trim().replace(/\s*h$/i, "");
  // A mark before three digits groups them; the same mark cannot stand before the tenths, too.
  const [, thousands, mark, ones, rest = ""] = /^([1-9]\d{0,2})([.,'’ \u00a0\u202f])(\d{3})((?:[.,:]\d{1,2})?)$/.exec(typed) ?? [];
  return parseHours(thousands === undefined || rest.startsWith(mark ?? "") ? typed : `${thousands}${ones}${rest}`);
}

export interface DrumDigit {
  digit: string;
  /** leading: a zero before the first figure, shown dim. fraction: tenths, hundredths or minutes, shown inverted. */
  kind: "leading" | "whole" | "fraction";
}

/** The drums from left to right: at least five for the whole hours, then those of the fraction. */
export function drumDigits(seconds: number, format: HoursFormat): DrumDigit[] {
  const { whole, fraction } = split(Math.max(0, seconds), format, Math.floor);
  const padded = whole.padStart(DRUM_WHOLE_DIGITS, "0");
  const firstFigure = padded.length - (whole === "0" ? 1 : whole.length);
  return [
    ...[...padded].map((digit, i): DrumDigit => ({ digit, kind: i < firstFigure ? "leading" : "whole" })),
    ...[...fraction].map((digit): DrumDigit => ({ digit, kind: "fraction" })),
  ];
}

/** A duration to the second in two parts, so that the page can dim the last: 2537 -> { minutes: "0:42", seconds: ":17" }. */
export function formatDuration(seconds: number): { minutes: string; seconds: string } {
  const two = (value: number) => String(value).padStart(2, "0");
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  return { minutes: `${formatCount(Math.floor(minutes / 60))}:${two(minutes % 60)}`, seconds: `:${two(whole % 60)}` };
}

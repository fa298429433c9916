/** Hours are whole seconds everywhere; they are rounded once, here, when they are shown. */

export const HOURS_FORMATS = ["tenths", "hundredths", "hhmm"] as const;
export type HoursFormat = (typeof HOURS_FORMATS)[number];

const SECONDS_PER_HOUR = 3600;
const STEPS_PER_HOUR: Record<HoursFormat, number> = { tenths: 10, hundredths: 100, hhmm: 60 };
const FRACTION_DIGITS: Record<HoursFormat, number> = { tenths: 1, hundredths: 2, hhmm: 2 };
const FRACTION_MARK: Record<HoursFormat, string> = { tenths: ".", hundredths: ".", hhmm: ":" };
const DRUM_WHOLE_DIGITS = 5;

/** Whole hours and the fraction's digits of `seconds` (0 or more), rounded to the format's smallest step. */
function split(seconds: number, format: HoursFormat): { whole: string; fraction: string } {
  const perHour = STEPS_PER_HOUR[format];
  const steps = Math.round((seconds * perHour) / SECONDS_PER_HOUR);
  return {
    whole: String(Math.floor(steps / perHour)),
    fraction: String(steps % perHour).padStart(FRACTION_DIGITS[format], "0"),
  };
}

/** Seconds as "18.6", "18.62" or "18:37"; a minus sign before negative ones. */
export function formatHours(seconds: number, format: HoursFormat): string {
  const { whole, fraction } = split(Math.abs(seconds), format);
  const text = `${whole}${FRACTION_MARK[format]}${fraction}`;
  return seconds < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** The smallest step that the format shows. */
export function stepSeconds(format: HoursFormat): number {
  return SECONDS_PER_HOUR / STEPS_PER_HOUR[format];
}

/** Seconds beside `part` of `total`, in whole steps of the format, so that the two as shown add up to the total as shown. */
export function shownRest(total: number, part: number, format: HoursFormat): number {
  const step = stepSeconds(format);
  return (Math.round(total / step) - Math.round(part / step)) * step;
}

/** A difference with its sign: "+1.5", "−0.2", "0.0". */
export function formatDifference(seconds: number, format: HoursFormat): string {
  const text = formatHours(seconds, format);
  return seconds > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** The same with its unit: "18.6 h"; "18:37" needs none. */
export function formatHoursWithUnit(seconds: number, format: HoursFormat): string {
  const text = formatHours(seconds, format);
  return format === "hhmm" ? text : `${text} h`;
}

/** What a screen reader says for a plane's hours: "4812.4 hours" or "4812 hours 22 minutes". */
export function spokenHours(seconds: number, format: HoursFormat): string {
  if (format !== "hhmm") return `${formatHours(seconds, format)} hours`;
  const { whole, fraction } = split(seconds, format);
  return `${whole} hours ${Number(fraction)} minutes`;
}

/** Seconds of typed hours, "4813.9", "4813,9" or "4813:54"; null for anything else. */
export function parseHours(text: string): number | null {
  const typed = text.trim();
  const [, hours, minutes] = /^(\d{1,6}):([0-5]\d)$/.exec(typed) ?? [];
  if (hours !== undefined && minutes !== undefined) return Number(hours) * SECONDS_PER_HOUR + Number(minutes) * 60;
  return /^\d{1,6}([.,]\d{1,2})?$/.test(typed) ? Math.round(Number(typed.replace(",", ".")) * SECONDS_PER_HOUR) : null;
}

export interface DrumDigit {
  digit: string;
  /** leading: a zero before the first figure, shown dim. fraction: tenths, hundredths or minutes, shown inverted. */
  kind: "leading" | "whole" | "fraction";
}

/** The drums from left to right: at least five for the whole hours, then those of the fraction. */
export function drumDigits(seconds: number, format: HoursFormat): DrumDigit[] {
  const { whole, fraction } = split(Math.max(0, seconds), format);
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
  return { minutes: `${Math.floor(minutes / 60)}:${two(minutes % 60)}`, seconds: `:${two(whole % 60)}` };
}

/** A plus-or-minus in the unit that fits it: "±1 s", "±40 min", "±2.4 h"; rounded up, so that it stays true. */
export function formatUncertainty(seconds: number): string {
  if (seconds < 90) return `±${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `±${Math.ceil(seconds / 60)} min`;
  if (seconds < 48 * SECONDS_PER_HOUR) return `±${(Math.ceil(seconds / 360) / 10).toFixed(1)} h`;
  return `±${Math.ceil(seconds / (24 * SECONDS_PER_HOUR))} days`;
}

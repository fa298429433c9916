import type { DayHours } from "../data/rows.ts";

export interface HeatDay extends Pick<DayHours, "day" | "seconds"> {
  /** Column: weeks from the first one shown. */
  week: number;
  /** Row: 0 is Monday. */
  weekday: number;
}

const DAY_MS = 86_400_000;
const SECONDS_PER_HOUR = 3600;

/** The days of the last 53 weeks up to today, Mondays first, with the seconds that count on each. */
export function heatDays(hours: Pick<DayHours, "day" | "seconds">[], today: string): HeatDay[] {
  const seconds = new Map(hours.map((day) => [day.day, day.seconds]));
  const last = Date.parse(`${today}T00:00:00Z`);
  const lastWeekday = (new Date(last).getUTCDay() + 6) % 7;
  const count = DAYS_SHOWN - (6 - lastWeekday);
  return Array.from({ length: count }, (_, i) => {
    const day = new Date(last - (count - 1 - i) * DAY_MS).toISOString().slice(0, 10);
    return { day, seconds: seconds.get(day) ?? 0, week: Math.floor(i / 7), weekday: i % 7 };
  });
}

export const WEEKS_SHOWN = 53;
export const DAYS_SHOWN = WEEKS_SHOWN * 7;
export const HEAT_LEVELS = [1, 2, 3, 4] as const;

/** Hours that a legend is easily read in. */
const STEPS = [0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50];
const WIDEST_STEP = 100;

/** How many hours each of the four colours stands for, so that the fullest day has one of them. */
export function heatStep(fullest: number): number {
  const least = fullest / HEAT_LEVELS.length / SECONDS_PER_HOUR;
  return STEPS.find((step) => step >= least) ?? Math.ceil(least / WIDEST_STEP) * WIDEST_STEP;
}

/** 0 for none, else 1 to 4: each so many hours more. @param step hours */
export function heatLevel(seconds: number, step: number): 0 | (typeof HEAT_LEVELS)[number] {
  if (seconds <= 0) return 0;
  return Math.min(4, Math.ceil(seconds / (step * SECONDS_PER_HOUR))) as (typeof HEAT_LEVELS)[number];
}

/** Which day an arrow key leads to from the one at `index` of `count`: up and down by days, left and right by weeks; null for other keys. */
export function dayByKey(key: string, index: number, count: number): number | null {
  const moves: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7, Home: -index, End: count - 1 - index };
  const move = moves[key];
  return move === undefined ? null : Math.min(Math.max(index + move, 0), count - 1);
}

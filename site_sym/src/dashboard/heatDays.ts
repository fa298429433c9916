import type { DayHours } from "../data/rows.ts";

export interface HeatDay extends Pick<DayHours, "day" | "seconds"> {
  /** Column: weeks from the first one shown. */
  week: number;
  /** Row: 0 is Monday. */
  weekday: number;
}

const DAY_MS = 86_400_000;

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

/** 0 for none, else 1 to 4 by quarters of the fullest day. */
export function heatLevel(seconds: number, fullest: number): 0 | 1 | 2 | 3 | 4 {
  if (seconds <= 0 || fullest <= 0) return 0;
  return Math.min(4, Math.ceil((seconds / fullest) * 4)) as 1 | 2 | 3 | 4;
}

import type { Span } from "./model.ts";

export interface HeatDay {
  /** "2026-11-23". */
  date: string;
  seconds: number;
  /** Column: weeks from the first one shown. */
  week: number;
  /** Row: 0 is Monday. */
  weekday: number;
}

const DAY_MS = 86_400_000;

/** The days of the last 53 weeks up to today, Mondays first, with the seconds that count on each. Time shared by two sessions of a plane counts once.
 *
 * @param dayOf the calendar day of an instant
 * @param startOf the instant at which a calendar day begins, some days later
 */
export function heatDays(
  spans: Span[],
  today: string,
  dayOf: (at: Date) => string,
  startOf: (date: string, plusDays: number) => string,
): HeatDay[] {
  const seconds = new Map<string, number>();
  const ends = new Map<string, number>();
  for (const span of [...spans].sort((a, b) => Date.parse(a.start) - Date.parse(b.start))) {
    const start = Math.max(Date.parse(span.start), ends.get(span.planeId) ?? 0);
    const end = Date.parse(span.start) + span.seconds * 1000;
    if (end <= start) continue;
    ends.set(span.planeId, end);
    for (let at = start; at < end; ) {
      const day = dayOf(new Date(at));
      const until = Math.min(end, Date.parse(startOf(day, 1)));
      seconds.set(day, (seconds.get(day) ?? 0) + (until - at) / 1000);
      at = until;
    }
  }
  const last = Date.parse(`${today}T00:00:00Z`);
  const lastWeekday = (new Date(last).getUTCDay() + 6) % 7;
  const count = WEEKS_SHOWN * 7 - (6 - lastWeekday);
  return Array.from({ length: count }, (_, i) => {
    const date = new Date(last - (count - 1 - i) * DAY_MS).toISOString().slice(0, 10);
    return { date, seconds: Math.round(seconds.get(date) ?? 0), week: Math.floor(i / 7), weekday: i % 7 };
  });
}

export const WEEKS_SHOWN = 53;

/** 0 for none, else 1 to 4 by quarters of the fullest day. */
export function heatLevel(seconds: number, fullest: number): 0 | 1 | 2 | 3 | 4 {
  if (seconds <= 0 || fullest <= 0) return 0;
  return Math.min(4, Math.ceil((seconds / fullest) * 4)) as 1 | 2 | 3 | 4;
}

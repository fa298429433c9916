import type { LogEntry } from "../data/rows.ts";
import { isoDay, type Zone } from "../format/times.ts";

/** What the log has of one day: the entries that began on it. */
export interface LogDay {
  /** "2026-11-26", in the zone that is shown. */
  day: string;
  entries: LogEntry[];
  /** Nothing of the day is missing: its sum is one. */
  isWhole: boolean;
}

/**
 * The entries of a list, day by day in its order.
 * @param entries sorted by their start, either way
 * @param hasMore the list goes on with entries that are not read yet, which may be of its last day
 */
export function logDays(entries: LogEntry[], zone: Zone, hasMore: boolean): LogDay[] {
  const days: LogDay[] = [];
  for (const entry of entries) {
    const day = isoDay(new Date(entry.effective_start), zone);
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry], isWhole: true });
  }
  const last = days.at(-1);
  if (last && hasMore) last.isWhole = false;
  return days;
}

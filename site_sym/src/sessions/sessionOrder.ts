import type { EntryCursor, LogEntry, SessionSort, SortKey } from "../data/rows.ts";

/** The columns of log_entries that a list can be sorted by. */
export const SORT_COLUMNS = { start: "effective_start", duration: "run_seconds", plane: "registration", pilot: "pilot" } as const satisfies Record<SortKey, string>;

/** What an entry is sorted by; null comes last in either direction. */
function sortKey(entry: LogEntry, by: SortKey): string | number | null {
  if (by === "duration") return entry.run_seconds;
  if (by === "plane") return entry.registration;
  return by === "pilot" ? entry.pilot : null;
}

export function cursorOf(entry: LogEntry, sort: SessionSort): EntryCursor {
  return { start: entry.effective_start, id: entry.entry_id, key: sortKey(entry, sort.by) };
}

/** A value as PostgREST reads it inside or=(...). */
function quoted(value: string | number): string {
  return `"${String(value).replace(/["\\]/g, "\\$&")}"`;
}

/** The condition, in PostgREST's words, of everything that comes after the cursor. */
export function afterCursor({ start, id, key }: EntryCursor, { by, descending }: SessionSort): string {
  const beyond = by === "start" && !descending ? "gt" : "lt";
  const later = [`effective_start.${beyond}.${quoted(start)}`, `and(effective_start.eq.${quoted(start)},entry_id.${beyond}.${id})`];
  if (by === "start") return later.join(",");
  const column = SORT_COLUMNS[by];
  if (key === null) return later.map((condition) => `and(${column}.is.null,${condition})`).join(",");
  const next = `${column}.${descending ? "lt" : "gt"}.${quoted(key)}`;
  return [next, `${column}.is.null`, ...later.map((condition) => `and(${column}.eq.${quoted(key)},${condition})`)].join(",");
}

import type { Session, SessionCursor, SessionSort, SortKey } from "../data/rows.ts";

/** The columns of session_log that a list can be sorted by. */
export const SORT_COLUMNS = { start: "effective_start", duration: "run_seconds", plane: "registration", pilot: "pilot" } as const satisfies Record<SortKey, string>;

/** What a session is sorted by; null comes last in either direction. */
function sortKey(session: Session, by: SortKey): string | number | null {
  if (by === "duration") return session.run_seconds;
  if (by === "plane") return session.registration;
  return by === "pilot" ? session.pilot : null;
}

export function cursorOf(session: Session, sort: SessionSort): SessionCursor {
  return { start: session.effective_start, id: session.session_id, key: sortKey(session, sort.by) };
}

/** A value as PostgREST reads it inside or=(...). */
function quoted(value: string | number): string {
  return `"${String(value).replace(/["\\]/g, "\\$&")}"`;
}

/** The condition, in PostgREST's words, of everything that comes after the cursor. */
export function afterCursor({ start, id, key }: SessionCursor, { by, descending }: SessionSort): string {
  const beyond = by === "start" && !descending ? "gt" : "lt";
  const later = [`effective_start.${beyond}.${quoted(start)}`, `and(effective_start.eq.${quoted(start)},session_id.${beyond}.${id})`];
  if (by === "start") return later.join(",");
  const column = SORT_COLUMNS[by];
  if (key === null) return later.map((condition) => `and(${column}.is.null,${condition})`).join(",");
  const next = `${column}.${descending ? "lt" : "gt"}.${quoted(key)}`;
  return [next, `${column}.is.null`, ...later.map((condition) => `and(${column}.eq.${quoted(key)},${condition})`)].join(",");
}

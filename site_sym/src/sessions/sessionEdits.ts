import type { Annotation, HandEntry, LogEntry, Logged, Session } from "../data/rows.ts";

/** What was said about a session or an entry, as far as it is kept beside it. */
export function saidOf(session: Logged): Required<Annotation> {
  return {
    class: session.class,
    pilot: session.pilot,
    remarks: session.remarks,
    excluded: session.excluded,
    corrected_start: session.corrected ? session.effective_start : null,
    // A corrected start counts as checked by itself.
    clock_checked: session.clock_checked && !session.corrected,
  };
}

/** What differs from what was said before; null if nothing does. */
export function changesOf(before: Required<Annotation>, after: Required<Annotation>): Annotation | null {
  const names = Object.keys(after) as (keyof Annotation)[];
  const changed = names.filter((name) => before[name] !== after[name]);
  return changed.length === 0 ? null : Object.fromEntries(changed.map((name) => [name, after[name]]));
}

/** A hand-entered session as it was entered; null for one that a device reported. */
export function toEntry(session: Session): HandEntry | null {
  if (session.quality !== "hand_entered" || session.plane_id === null) return null;
  const { plane_id, effective_start, run_seconds, pilot, remarks } = session;
  return { hand_plane_id: plane_id, hand_start: effective_start, hand_seconds: run_seconds, class: session.class, pilot, remarks };
}

/** A session as the entry of the log that it is by itself. */
export function entryOf(session: Session): LogEntry {
  const { session_id } = session;
  return { ...session, entry_id: session_id, kind: "session", session_ids: [session_id], gap_seconds: 0, part_number: null, part_count: null };
}

/** The session that an entry is; null for one that is merged, or a part. */
export function sessionOf(entry: LogEntry): Session | null {
  const { entry_id, session_start } = entry;
  return entry.kind === "session" && session_start !== null ? { ...entry, session_id: entry_id, session_start } : null;
}

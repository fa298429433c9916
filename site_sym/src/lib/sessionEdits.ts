import type { Annotation, HandEntry, Session } from "./model.ts";

/** What was said about a session, as far as it is kept beside it. */
export function saidOf(session: Session): Required<Annotation> {
  return {
    class: session.class,
    pilot: session.pilot,
    remarks: session.remarks,
    excluded: session.excluded,
    correctedStart: session.corrected ? session.start : null,
    // A corrected start counts as checked by itself.
    clockChecked: session.clockChecked && !session.corrected,
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
  if (session.quality !== "hand_entered" || session.planeId === null) return null;
  const { planeId, start, runSeconds, pilot, remarks } = session;
  return { planeId, start, runSeconds, class: session.class, pilot, remarks };
}

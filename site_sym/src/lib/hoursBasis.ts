import type { Backend } from "./backend.ts";
import type { Plane } from "./model.ts";

/** What a plane's hours at the end of a period rest on. */
export interface Basis {
  /** Hours where the period begins; null where it has no begin. */
  startSeconds: number | null;
  endSeconds: number;
  /** The reading in force at the end, null where there is none. */
  readingSeconds: number | null;
  readingAsOf: string | null;
  /** Known for the present hours only; 0 at any other time. */
  uncertaintySeconds: number;
}

/** @param start, end instants; without an end the period reaches to the present, and the plane's own figures hold */
export async function basisOf(backend: Backend, plane: Plane, start: string | null, end: string | null): Promise<Basis> {
  const before = start === null ? null : backend.hoursAt(plane.id, start);
  if (end === null) {
    const { totalSeconds, readingSeconds, readingAsOf, uncertaintySeconds } = plane;
    return { startSeconds: await before, endSeconds: totalSeconds, readingSeconds, readingAsOf, uncertaintySeconds };
  }
  const [startSeconds, endSeconds, readings] = await Promise.all([before, backend.hoursAt(plane.id, end), backend.readings(plane.id)]);
  const reading = readings.find(({ asOf, voided }) => !voided && Date.parse(asOf) <= Date.parse(end));
  return {
    startSeconds,
    endSeconds,
    readingSeconds: reading?.seconds ?? null,
    readingAsOf: reading?.asOf ?? null,
    uncertaintySeconds: 0,
  };
}

import type { Backend } from "../data/backend.ts";
import type { Plane } from "../data/rows.ts";

/** What a plane's hours at the end of a period rest on. */
export interface Basis {
  /** Hours where the period begins; null where it has no begin. */
  start_seconds: number | null;
  end_seconds: number;
  /** The reading in force at the end, null where there is none. */
  reading_seconds: number | null;
  reading_as_of: string | null;
  /** At most so much more, and so much less. Known for the present hours only; 0 at any other time. */
  uncertainty_seconds: number;
  uncertainty_less_seconds: number;
}

/** @param start, end instants; without an end the period reaches to the present, and the plane's own figures hold */
export async function basisOf(backend: Backend, plane: Plane, start: string | null, end: string | null): Promise<Basis> {
  const before = start === null ? null : backend.planes.hoursAt(plane.plane_id, start);
  if (end === null) {
    const { total_seconds, reading_seconds, reading_as_of, uncertainty_seconds, uncertainty_less_seconds } = plane;
    return { start_seconds: await before, end_seconds: total_seconds, reading_seconds, reading_as_of, uncertainty_seconds, uncertainty_less_seconds };
  }
  const { plane_id } = plane;
  const [start_seconds, end_seconds, meters, readings] = await Promise.all([
    before,
    backend.planes.hoursAt(plane_id, end),
    backend.meters.of(plane_id),
    backend.meters.readings(plane_id),
  ]);
  const powered = meters.find(({ source }) => source === "powered")?.meter_id;
  const reading = readings.find(({ meter_id, as_of, voided_at }) => meter_id === powered && voided_at === null && Date.parse(as_of) <= Date.parse(end));
  return {
    start_seconds,
    end_seconds,
    reading_seconds: reading?.seconds ?? null,
    reading_as_of: reading?.as_of ?? null,
    uncertainty_seconds: 0,
    uncertainty_less_seconds: 0,
  };
}

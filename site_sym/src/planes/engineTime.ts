import type { Plane } from "../data/rows.ts";

/** The engine's seconds of this month; null where they were not sensed. Without power nothing is to be sensed, and no engine runs. */
export function monthEngineSeconds(plane: Pick<Plane, "month_seconds" | "month_engine_seconds" | "engine_seconds">): number | null {
  const { month_seconds, month_engine_seconds, engine_seconds } = plane;
  return month_engine_seconds ?? (engine_seconds !== null && month_seconds === 0 ? 0 : null);
}

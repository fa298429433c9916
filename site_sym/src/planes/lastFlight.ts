import type { LogEntry } from "../data/rows.ts";

/** The entry that a plane's page calls its last flight, and whether somebody or the engine said that it was one; null: there is none. */
export function lastFlight(entries: readonly LogEntry[]): { entry: LogEntry; isFlight: boolean } | null {
  const over = entries.filter(({ state, excluded }) => state !== "running" && !excluded);
  const classOf = (entry: LogEntry) => entry.class ?? entry.suggested_class;
  // What nobody classed may have been one.
  const entry = over.find((one) => classOf(one) === "flight" || classOf(one) === null) ?? over[0];
  return entry === undefined ? null : { entry, isFlight: classOf(entry) === "flight" };
}

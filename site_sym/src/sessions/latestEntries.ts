import { Live } from "../data/live.svelte.ts";
import type { LogEntry, SessionQuery } from "../data/rows.ts";
import type { Fleet } from "../fleet/fleet.svelte.ts";

/** How many of them at most. */
export const LATEST = 12;
const EVERY_SECONDS = 30;

/** The latest entries of the log that the query finds, newest first. */
export function latestEntries({ backend, membership }: Fleet, query: Partial<SessionQuery>): Live<LogEntry[]> {
  return new Live(async () => (await backend.entries.page(membership.fleet_id, query, null, LATEST)).entries, {
    everySeconds: EVERY_SECONDS,
    isEmpty: (rows) => rows.length === 0,
  });
}

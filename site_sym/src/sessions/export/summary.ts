import type { Plane, SessionQuery, Totals } from "../../data/rows.ts";
import { exportTexts } from "../exportTexts.ts";
import { countFilters } from "../sessionQuery.ts";
import { hours, utc } from "./columns.ts";

/** What a file is of. */
export interface Exported {
  query: SessionQuery;
  fleetName: string;
  planes: Plane[];
  /** Whose days the period begins and ends with. */
  timeZone: string;
  now: Date;
}

/** A name and its value, in the order in which they are read; `kind` as of a column. */
export type Summary = { name: string; kind: "text" | "time" | "hours" | "number"; value: string | number }[];

/** What the rows of a file come to. What is not known is left out. */
export function summaryOf(totals: Totals, { query, fleetName, planes, timeZone, now }: Exported): Summary {
  const words = exportTexts.summary;
  const plane = planes.find(({ plane_id }) => plane_id === query.plane)?.registration ?? (query.plane === "none" ? exportTexts.withoutPlane : exportTexts.allPlanes);
  // The plane has a line of its own.
  const others = countFilters(query) - (query.plane ? 1 : 0);
  const time = (iso: string) => (iso ? utc(iso) : null);
  const all = [
    { name: words.fleet, kind: "text", value: fleetName },
    { name: words.plane, kind: "text", value: plane },
    { name: words.from, kind: "time", value: time(query.from) },
    { name: words.until, kind: "time", value: time(query.until) },
    { name: words.zone, kind: "text", value: timeZone },
    { name: words.selection, kind: "text", value: others > 0 ? words.filtered : null },
    { name: words.entries, kind: "number", value: totals.entries - totals.excluded_entries },
    { name: words.run_hours, kind: "hours", value: hours(totals.run_seconds) },
    { name: words.run_seconds, kind: "number", value: totals.run_seconds },
    { name: words.hobbs_start_hours, kind: "hours", value: hours(totals.hobbs_start_seconds) },
    { name: words.hobbs_end_hours, kind: "hours", value: hours(totals.hobbs_end_seconds) },
    { name: words.sensed_entries, kind: "number", value: totals.engine_seconds === null ? null : totals.sensed_entries },
    { name: words.engine_hours, kind: "hours", value: hours(totals.engine_seconds) },
    { name: words.engine_seconds, kind: "number", value: totals.engine_seconds },
    { name: words.excluded_entries, kind: "number", value: totals.excluded_entries || null },
    { name: words.excluded_hours, kind: "hours", value: hours(totals.excluded_seconds || null) },
    { name: words.saved, kind: "time", value: time(now.toISOString()) },
  ] as const;
  return all.flatMap(({ name, kind, value }) => (value === null ? [] : [{ name, kind, value }]));
}

import type { Session } from "../../data/rows.ts";
import { texts } from "../../ui/texts.ts";

export type ColumnName = keyof typeof texts.exporting.columns;
/** `time`: an instant in UTC. `hours`: decimal hours. */
type ColumnKind = "text" | "time" | "seconds" | "hours" | "number" | "flag";
export type Value = string | number | boolean | null;

/** What is exported, in this order, under the database's names; `..._hours` is its `..._seconds`. */
export const COLUMNS = {
  session_id: "text",
  registration: "text",
  effective_start: "time",
  session_end: "time",
  run_seconds: "seconds",
  run_hours: "hours",
  hobbs_start_hours: "hours",
  hobbs_end_hours: "hours",
  engine_seconds: "seconds",
  engine_hobbs_start_hours: "hours",
  engine_hobbs_end_hours: "hours",
  class: "text",
  suggested_class: "text",
  pilot: "text",
  remarks: "text",
  state: "text",
  quality: "text",
  checkpoint_seconds: "seconds",
  start_uncertainty_s: "seconds",
  short: "flag",
  excluded: "flag",
  overlaps: "flag",
  session_start: "time",
  device_name: "text",
  device_uuid: "text",
  boot: "number",
  bus_start_mv: "number",
  bus_min_mv: "number",
  bus_max_mv: "number",
} as const satisfies Record<ColumnName, ColumnKind>;

export const COLUMN_NAMES = Object.keys(COLUMNS) as ColumnName[];
export type ExportRow = Record<ColumnName, Value>;

/** "2026-11-23T09:14:00Z", whatever form the database gave the instant in. */
function utc(iso: string): string {
  return new Date(iso).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Hours with four decimals: a third of a second, so that sums over many rows stay right. */
function hours(seconds: number | null): number | null {
  return seconds === null ? null : Math.round((seconds / 3600) * 10_000) / 10_000;
}

export function exportRow(session: Session): ExportRow {
  return {
    session_id: session.session_id,
    registration: session.registration,
    effective_start: utc(session.effective_start),
    session_end: utc(session.session_end),
    run_seconds: session.run_seconds,
    run_hours: hours(session.run_seconds),
    hobbs_start_hours: hours(session.hobbs_start_seconds),
    hobbs_end_hours: hours(session.hobbs_end_seconds),
    engine_seconds: session.engine_seconds,
    engine_hobbs_start_hours: hours(session.engine_hobbs_start_seconds),
    engine_hobbs_end_hours: hours(session.engine_hobbs_end_seconds),
    class: session.class,
    suggested_class: session.suggested_class,
    pilot: session.pilot,
    remarks: session.remarks,
    state: session.state,
    quality: session.quality,
    checkpoint_seconds: session.checkpoint_seconds,
    start_uncertainty_s: session.start_uncertainty_s,
    short: session.short,
    excluded: session.excluded,
    overlaps: session.overlaps,
    session_start: utc(session.session_start),
    device_name: session.device_name,
    device_uuid: session.device_uuid,
    boot: session.boot,
    bus_start_mv: session.bus_start_mv,
    bus_min_mv: session.bus_min_mv,
    bus_max_mv: session.bus_max_mv,
  };
}

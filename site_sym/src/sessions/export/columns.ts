import type { LogEntry } from "../../data/rows.ts";
import type { exportTexts } from "../exportTexts.ts";

export type ColumnName = keyof typeof exportTexts.columns;
/** `time`: an instant in UTC. `hours`: decimal hours. */
type ColumnKind = "text" | "time" | "seconds" | "hours" | "number" | "flag";
export type Value = string | number | boolean | null;

/**
 * What is exported of each entry of the log, in this order, under the database's names; `..._hours` is its `..._seconds`.
 * `power_ups` counts its sessions; `session_ids` has a space between them. New columns come last: programs read these files.
 */
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
  entry_id: "text",
  kind: "text",
  power_ups: "number",
  session_ids: "text",
  gap_seconds: "seconds",
  part_number: "number",
  part_count: "number",
} as const satisfies Record<ColumnName, ColumnKind>;

export const COLUMN_NAMES = Object.keys(COLUMNS) as ColumnName[];
export type ExportRow = Record<ColumnName, Value>;

/** "2026-11-23T09:14:00Z", whatever form the database gave the instant in. */
export function utc(iso: string): string {
  return new Date(iso).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Hours with four decimals: a third of a second, so that sums over many rows stay right. */
export function hours(seconds: number | null): number | null {
  return seconds === null ? null : Math.round((seconds / 3600) * 10_000) / 10_000;
}

export function exportRow(entry: LogEntry): ExportRow {
  return {
    session_id: entry.session_id,
    registration: entry.registration,
    effective_start: utc(entry.effective_start),
    session_end: utc(entry.session_end),
    run_seconds: entry.run_seconds,
    run_hours: hours(entry.run_seconds),
    hobbs_start_hours: hours(entry.hobbs_start_seconds),
    hobbs_end_hours: hours(entry.hobbs_end_seconds),
    engine_seconds: entry.engine_seconds,
    engine_hobbs_start_hours: hours(entry.engine_hobbs_start_seconds),
    engine_hobbs_end_hours: hours(entry.engine_hobbs_end_seconds),
    class: entry.class,
    suggested_class: entry.suggested_class,
    pilot: entry.pilot,
    remarks: entry.remarks,
    state: entry.state,
    quality: entry.quality,
    checkpoint_seconds: entry.checkpoint_seconds,
    start_uncertainty_s: entry.start_uncertainty_s,
    short: entry.short,
    excluded: entry.excluded,
    overlaps: entry.overlaps,
    session_start: entry.session_start === null ? null : utc(entry.session_start),
    device_name: entry.device_name,
    device_uuid: entry.device_uuid,
    boot: entry.boot,
    bus_start_mv: entry.bus_start_mv,
    bus_min_mv: entry.bus_min_mv,
    bus_max_mv: entry.bus_max_mv,
    entry_id: entry.entry_id,
    kind: entry.kind,
    power_ups: entry.session_ids.length,
    session_ids: entry.session_ids.join(" "),
    gap_seconds: entry.gap_seconds,
    part_number: entry.part_number,
    part_count: entry.part_count,
  };
}

import type { Session } from "../model.ts";
import { texts } from "../texts.ts";

export type ColumnName = keyof typeof texts.exporting.columns;
/** `time`: an instant in UTC. `hours`: decimal hours. */
type ColumnKind = "text" | "time" | "seconds" | "hours" | "number" | "flag";
export type Value = string | number | boolean | null;

/** What is exported, in this order. */
export const COLUMNS = {
  session_id: "text",
  registration: "text",
  session_start: "time",
  session_end: "time",
  duration_s: "seconds",
  duration_h: "hours",
  hobbs_start_h: "hours",
  hobbs_end_h: "hours",
  class: "text",
  pilot: "text",
  remarks: "text",
  state: "text",
  quality: "text",
  uncertainty_s: "seconds",
  start_uncertainty_s: "seconds",
  short: "flag",
  excluded: "flag",
  overlaps: "flag",
  reported_start: "time",
  device_name: "text",
  device_uuid: "text",
  boot: "number",
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
    session_id: session.id,
    registration: session.registration,
    session_start: utc(session.start),
    session_end: utc(session.end),
    duration_s: session.runSeconds,
    duration_h: hours(session.runSeconds),
    hobbs_start_h: hours(session.hobbsStartSeconds),
    hobbs_end_h: hours(session.hobbsEndSeconds),
    class: session.class,
    pilot: session.pilot,
    remarks: session.remarks,
    state: session.state,
    quality: session.quality,
    uncertainty_s: session.checkpointSeconds,
    start_uncertainty_s: session.startUncertaintySeconds,
    short: session.short,
    excluded: session.excluded,
    overlaps: session.overlaps,
    reported_start: utc(session.reportedStart),
    device_name: session.deviceName,
    device_uuid: session.deviceUuid,
    boot: session.boot,
  };
}

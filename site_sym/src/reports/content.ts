/** What a report's content is, as the database makes it and its hash holds it. Times are ISO 8601 in UTC, durations whole seconds. */

import type { SessionClass } from "../data/rows.ts";

export const FORMAT = "uptime-logger-monthly-report-1";

export interface ReportMeter {
  meter_id: string;
  name: string;
  source: string;
  is_primary: boolean;
  /** null: not known, as an estimated meter is before its first readings. */
  opening_seconds: number | null;
  closing_seconds: number | null;
}

export interface ReportEntry {
  entry_id: string;
  kind: "session" | "merged" | "part";
  effective_start: string;
  session_end: string;
  run_seconds: number;
  engine_seconds: number | null;
  class: SessionClass | null;
  pilot: string | null;
  remarks: string | null;
  excluded: boolean;
  quality: "measured" | "clock_estimated" | "unconfirmed" | "flagged" | "hand_entered";
  hobbs_start_seconds: number | null;
  hobbs_end_seconds: number | null;
}

export interface ReportPlane {
  plane_id: string;
  registration: string;
  powered_seconds: number;
  engine_seconds: number | null;
  entries_count: number;
  meters: ReportMeter[];
  entries: ReportEntry[];
}

/** What was said to be done in the month. */
export interface ReportDone {
  completion_id: string;
  item: string;
  registration: string | null;
  component: string | null;
  done_on: string;
  figure_seconds: number | null;
  note: string | null;
}

/** What is due soon, or more than that, as the report is made. */
export interface ReportDue {
  item_id: string;
  item: string;
  registration: string | null;
  component: string | null;
  status: "due_soon" | "due" | "overdue";
  due_seconds: number | null;
  due_on: string | null;
  remaining_seconds: number | null;
  remaining_days: number | null;
}

export type Said = Record<string, unknown> | null;

export interface ReportCorrection {
  at: string;
  author: string | null;
  subject: string;
  action: string;
  registration: string | null;
  label: string | null;
  before: Said;
  after: Said;
}

/** A session of an earlier month that arrived, or grew, after the previous report was made. */
export interface ReportLate {
  session_id: string;
  registration: string | null;
  effective_start: string;
  run_seconds: number;
  /** What the previous report had of it; null: nothing. */
  reported_seconds: number | null;
  received_at: string;
}

/** A meter that opens at another figure than the previous report closed it at. */
export interface ReportCarried {
  meter_id: string;
  registration: string;
  name: string;
  reported_closing_seconds: number | null;
  opening_seconds: number | null;
}

export interface ReportContent {
  format: typeof FORMAT;
  fleet: { fleet_id: string; name: string };
  month: string;
  time_zone: string;
  begins: string;
  ends: string;
  /** null in a preview, which nobody has closed. */
  made_at: string | null;
  made_by: string | null;
  /** The previous one; null: there is none. */
  earlier_report: { report_id: string; month: string; sha256: string } | null;
  planes: ReportPlane[];
  no_plane: { entries: ReportEntry[] };
  maintenance: { done: ReportDone[]; due: ReportDue[] };
  corrections: ReportCorrection[];
  after_the_lock: ReportLate[];
  carried: ReportCarried[];
}

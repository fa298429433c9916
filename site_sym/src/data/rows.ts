/**
 * What the pages read and write: the rows of the database as its own types have them, their nullability corrected.
 * Times are ISO 8601, durations whole seconds.
 */

import type { Period } from "../sessions/periods.ts";
import { Constants, type Database } from "./database.types.ts";

type Tables = Database["public"]["Tables"];
type Views = Database["public"]["Views"];
type Enums = Database["public"]["Enums"];
type Functions = Database["public"]["Functions"];
type Returned<Name extends keyof Functions> = Functions[Name]["Returns"] extends (infer Row)[] ? Row : never;

/** The generator takes some columns of a view for nullable that never are. */
type Filled<Row, Column extends keyof Row> = Omit<Row, Column> & { [Name in Column]: NonNullable<Row[Name]> };
/** The generator takes every column of a function's rows for filled. */
type Nullable<Row, Column extends keyof Row> = Omit<Row, Column> & { [Name in Column]: Row[Name] | null };

export type Role = Enums["fleet_role"];
/** From the one with the fewest rights up. */
export const ROLES = Constants.public.Enums.fleet_role;
export type ReadingReason = Enums["reading_reason"];
export const READING_REASONS = Constants.public.Enums.reading_reason;
export type SessionClass = Enums["session_class"];
export const SESSION_CLASSES = Constants.public.Enums.session_class;

export type Membership = Pick<Views["my_fleets"]["Row"], "fleet_id" | "name" | "role">;

/** Somebody in a fleet. */
export type Member = Returned<"fleet_people">;

/** What an invite says to who holds its link, before they accept it. */
export type Invitation = Returned<"invite_preview">;

/** A link that makes somebody a member, good once. */
export type Invite = Pick<Tables["fleet_invites"]["Row"], "invite_id" | "role" | "created_at" | "expires_at">;

export type Device = Filled<Views["device_status"]["Row"], "fleet_id" | "state" | "unassigned_sessions">;

/** From a time on, until the next one begins, a device is installed in this plane; null: in none. */
export type Assignment = Pick<Tables["device_assignments"]["Row"], "assignment_id" | "plane_id" | "assigned_from">;

/** Power-ups of a device that never arrived, between two that did; settled once somebody said that nothing was lost. */
export type BootGap = Nullable<Returned<"boot_gaps">, "settled_gap_id" | "settled_at" | "settled_by">;
export type DeviceGap = BootGap & { device_uuid: string };

/** What of a device is here, measured by its own counts. Null: it did not tell. */
export type Completeness = Nullable<
  Returned<"device_completeness">,
  "first_boot" | "last_boot" | "missing_boots" | "lifetime_seconds" | "recorded_seconds" | "unrecorded_seconds"
> & {
  /** Newest first. */
  gaps: BootGap[];
};

export type Plane = Nullable<
  Returned<"plane_hours">,
  | "type_designator"
  | "make"
  | "model"
  | "archived_at"
  | "reading_seconds"
  | "reading_as_of"
  | "first_effective_start"
  | "last_effective_start"
  | "last_session_end"
  | "device_uuid"
  | "engine_seconds"
  | "month_engine_seconds"
  | "meter_seconds"
  | "meter_uncertainty_seconds"
  | "meter_uncertainty_less_seconds"
>;

/** What a person types about a plane. */
export type PlaneFields = Pick<Plane, "registration" | "type_designator" | "make" | "model">;

export type MeterSource = Enums["meter_source"];

/** A meter of a plane as it stands now; without a figure it is not known yet. */
export type Meter = Nullable<
  Returned<"meter_status">,
  | "base_meter_id"
  | "entered_ratio"
  | "total_seconds"
  | "uncertainty_seconds"
  | "uncertainty_less_seconds"
  | "reading_seconds"
  | "reading_as_of"
  | "counted_seconds"
  | "not_sensed_seconds"
  | "ratio"
  | "ratio_low"
  | "ratio_high"
  | "ratio_readings"
>;

/** What a person types about a meter. */
export type MeterFields = Pick<Meter, "name" | "base_meter_id" | "entered_ratio">;

/** What a meter showed. */
export type Reading = Tables["hour_readings"]["Row"];

export type MaintenanceState = Enums["maintenance_state"];
/** From the most urgent one down, as the database sorts. */
export const MAINTENANCE_STATES = ["overdue", "due", "due_soon", "unknown", "ok"] as const satisfies readonly MaintenanceState[];

/** A maintenance item, and when it is due. Null: of no such kind, or not known. */
export type DueItem = Nullable<
  Returned<"maintenance_status">,
  | "plane_id"
  | "registration"
  | "component_id"
  | "meter_id"
  | "counts_from"
  | "interval_seconds"
  | "interval_months"
  | "interval_days"
  | "note"
  | "missing"
  | "last_completion_id"
  | "last_done_on"
  | "last_done_seconds"
  | "now_seconds"
  | "due_seconds"
  | "remaining_seconds"
  | "due_on"
  | "remaining_days"
  | "projected_from"
  | "projected_to"
>;

/** A completion, and when it was due before that; the figures on the scale that its meter had then. */
export type Occurrence = Nullable<Returned<"maintenance_history">, "figure_seconds" | "due_seconds" | "due_on">;

/** What a component has run, up to a time; null: not known. */
export type ComponentSeconds = Nullable<Returned<"component_seconds">, "since_new_seconds" | "since_overhaul_seconds">;

/** That a maintenance item was done; it stays when it is voided. */
export type Completion = Tables["maintenance_completions"]["Row"];
export type MaintenanceAnchor = Enums["maintenance_anchor"];
export const ANCHORS = Constants.public.Enums.maintenance_anchor;
export type ComponentTime = Enums["component_time"];
export const COMPONENT_TIMES = Constants.public.Enums.component_time;

/** What is due again and again, of a plane or a component. */
export type MaintenanceItem = Tables["maintenance_items"]["Row"];
/** What a person says about an item. */
export type ItemFields = Omit<MaintenanceItem, "item_id" | "fleet_id" | "plane_id" | "component_id" | "archived_at" | "created_at">;
/** An item to enter, and when it was done last, if that is known. */
export type NewItem = ItemFields &
  Pick<MaintenanceItem, "item_id" | "plane_id" | "component_id"> & {
    completion: Pick<Tables["maintenance_completions"]["Row"], "completion_id" | "done_at" | "done_on" | "meter_seconds"> | null;
  };

export type ComponentKind = Enums["component_kind"];
export const COMPONENT_KINDS = Constants.public.Enums.component_kind;

/** An engine, a propeller or another part: where it is now (no plane: in none), its last installation, and its times. Null: not known. */
export type Component = Nullable<
  Returned<"component_status">,
  | "make"
  | "model"
  | "serial"
  | "note"
  | "plane_id"
  | "registration"
  | "installation_id"
  | "meter_id"
  | "installed_from"
  | "removed_at"
  | "since_new_seconds"
  | "since_overhaul_seconds"
  | "counted_seconds"
>;
/** What a person types about a component. */
export type ComponentFields = Pick<Component, "kind" | "make" | "model" | "serial" | "note">;

/** In which plane a component was, from when until when. */
export type Installation = Tables["component_installations"]["Row"];
/** What of an installation can be corrected. */
export type InstallationFields = Pick<Installation, "installed_from" | "removed_at" | "since_new_seconds" | "since_overhaul_seconds">;

/** `month` is its first day: "2026-11-01". */
export type MonthHours = Nullable<Returned<"hours_by_month">, "engine_seconds">;
type MonthsOfAYear = "seconds" | "before_seconds" | "engine_seconds" | "before_engine_seconds";
/** A plane in a year and in the one before, each with twelve figures, January first; null: not begun, or nothing was sensed. */
export type YearHours = Omit<Nullable<Returned<"year_hours">, "archived_at">, MonthsOfAYear> & Record<MonthsOfAYear, (number | null)[]>;
/** Medians of a plane's bus in a month, in millivolts, and from how many sessions. */
export type MonthVoltages = Nullable<Returned<"plane_voltages">, "bus_start_mv" | "bus_min_mv" | "bus_max_mv" | "system_volts">;
/** `day` is "2026-11-23". */
export type DayHours = Nullable<Returned<"hours_by_day">, "engine_seconds">;

export type Session = Filled<Views["session_log"]["Row"], "fleet_id" | "corrected" | "overlaps" | "state" | "quality">;

type EntryRow = Views["log_entries"]["Row"];
/** The columns that mean the same of a session and of an entry of the log. */
type LoggedColumn = Exclude<keyof Session & keyof EntryRow, "entry_id" | "session_id" | "session_start">;
/** What can be said alike of a session and of an entry of the log. */
export type Logged = Pick<Session, LoggedColumn>;
export type EntryKind = Enums["entry_kind"];
/** A line of the log: a session, several that were merged, or a part of one; `session_ids` by start. */
export type LogEntry = Logged & Filled<Omit<EntryRow, LoggedColumn>, "entry_id" | "kind" | "session_ids" | "gap_seconds">;
/** What a selection of the log comes to: Hobbs is known of a plane's entries in a period, and the engine's time where it was sensed. */
export type Totals = Nullable<Returned<"log_totals">, "engine_seconds" | "hobbs_start_seconds" | "hobbs_end_seconds" | "first_start">;
/** Of no entries. */
export const NO_TOTALS: Totals = {
  entries: 0,
  is_plain: true,
  run_seconds: 0,
  excluded_entries: 0,
  excluded_seconds: 0,
  sensed_entries: 0,
  engine_seconds: null,
  hobbs_start_seconds: null,
  hobbs_end_seconds: null,
  first_start: null,
};
/** What a person says about an entry of the log; what is left out stays as it is. */
export type EntryAnnotation = Partial<Pick<LogEntry, "class" | "pilot" | "remarks" | "excluded">>;
/** Sessions that may be one flight; with an `entry_id` they are those of that merged entry, and what lies close to it. */
export type MergeSuggestion = Nullable<Returned<"merge_suggestions">, "entry_id">;
/** A part of a session, from so many seconds into it on. */
export type SessionPart = Pick<Tables["session_parts"]["Row"], "entry_id" | "from_seconds" | "class" | "pilot" | "remarks">;

/** A session as its device's page tells it: one power-up. */
export type PowerUp = Pick<Session, "session_id" | "effective_start" | "run_seconds" | "registration" | "boot" | "reset_reason">;

/** A closed month: the text of its content, and the hash of that text's bytes. */
export type MonthlyReport = Tables["monthly_reports"]["Row"];
/** A report without what it says. */
export type ReportHead = Omit<MonthlyReport, "fleet_id" | "content">;

/** What somebody changed, and who it was; no author: a former member. */
export type ActivityRow = Filled<Views["activity_log"]["Row"], "activity_id" | "fleet_id" | "at" | "subject" | "action" | "subject_id">;
/** Whose activity: a plane's, a session's, or, without either, the whole fleet's. */
export interface ActivityOf {
  plane: string;
  session: string;
}

export interface ActivityPage {
  rows: ActivityRow[];
  /** After which row the next page goes on; null: there is none. */
  next: number | null;
}

type AnnotationRow = Tables["session_annotations"]["Row"];
/** What a person says about a session; what is left out stays as it is. */
export type Annotation = Partial<Pick<AnnotationRow, "class" | "pilot" | "remarks" | "excluded" | "corrected_start" | "clock_checked">>;

/** A session that no device reported. */
export type HandEntry = Filled<
  Pick<AnnotationRow, "hand_plane_id" | "hand_start" | "hand_seconds" | "class" | "pilot" | "remarks">,
  "hand_plane_id" | "hand_start" | "hand_seconds"
>;

/** A row of a file to import, as `import_sessions` takes it. */
export type ImportEntry = Pick<AnnotationRow, "class" | "pilot" | "remarks" | "excluded"> & {
  /** As a spreadsheet counts its rows, from 1. */
  row_number: number;
  plane_id: string;
  start: string;
  seconds: number;
};

/** What would become of a row of a file. */
export type ImportCheck = Nullable<Omit<Returned<"check_import">, "fate">, "entry_id" | "message"> & {
  fate: "new" | "same" | "possible_duplicate" | "error";
};

/** What one file brought, and what of it is still there. */
export type ImportBatch = Nullable<Returned<"import_batch_status">, "file_name" | "author_id" | "reverted_at" | "reverted_by">;

/** An entry's quality, or one of the marks beside it. */
export const SESSION_MARKS = [...Constants.public.Enums.session_quality, "short", "excluded", "overlaps"] as const;
export type SessionMark = (typeof SESSION_MARKS)[number];

/** Which entries of the log, and in which order: as the address of the sessions page says it, and as the database is asked. "" leaves nothing out. */
export interface SessionQuery {
  /** A plane's id, or "none" for sessions of no plane. */
  plane: string;
  /** A device's UUID. */
  device: string;
  /** A class, "none" for sessions that have none yet, or "suggested" for those of them with a suggestion. */
  class: SessionClass | "none" | "suggested" | "";
  /** Part of the pilot's name. */
  pilot: string;
  mark: SessionMark | "";
  /** What the two instants were worked out from. */
  period: Period;
  /** From this instant on. */
  from: string;
  /** Before this instant. */
  until: string;
  sort: SessionSort;
}

/** What is read of a fleet beside its devices. */
export interface OverviewParts {
  planes?: boolean;
  /** How many months back. */
  months?: number;
  /** How many of them. */
  latestSessions?: number;
}

/** What `fleet_overview` answers, of which the generator knows only that it is JSON. Null: the fleet is not the visitor's. */
interface OverviewAnswer {
  server_time: string;
  devices: Device[];
  /** A part that was not asked for is null. */
  planes: Plane[] | null;
  due: DueItem[] | null;
  months: MonthHours[] | null;
  sessions: LogEntry[] | null;
}

type WithRow<View extends keyof Views, Row> = Omit<Views[View], "Row"> & { Row: Row };
type Returning<Name extends keyof Functions, Answer> = Omit<Functions[Name], "Returns"> & { Returns: Answer };

/** The generated types with these corrections: every query gives rows as they are. */
export interface CorrectedDatabase {
  public: Omit<Database["public"], "Views" | "Functions"> & {
    Views: Omit<Views, "activity_log" | "device_status" | "log_entries" | "session_log"> & {
      activity_log: WithRow<"activity_log", ActivityRow>;
      device_status: WithRow<"device_status", Device>;
      log_entries: WithRow<"log_entries", LogEntry>;
      session_log: WithRow<"session_log", Session>;
    };
    Functions: Omit<Functions, "boot_gaps" | "check_import" | "component_seconds" | "component_status" | "device_completeness" | "fleet_boot_gaps" | "fleet_overview" | "import_batch_status" | "log_totals" | "maintenance_history" | "maintenance_status" | "merge_suggestions" | "meter_hours" | "meter_status" | "plane_voltages" | "sessions_to_review" | "year_hours"> & {
      boot_gaps: Returning<"boot_gaps", BootGap[]>;
      check_import: Returning<"check_import", ImportCheck[]>;
      component_seconds: Returning<"component_seconds", ComponentSeconds[]>;
      component_status: Returning<"component_status", Component[]>;
      device_completeness: Returning<"device_completeness", Omit<Completeness, "gaps">[]>;
      fleet_boot_gaps: Returning<"fleet_boot_gaps", DeviceGap[]>;
      fleet_overview: Returning<"fleet_overview", OverviewAnswer | null>;
      import_batch_status: Returning<"import_batch_status", ImportBatch[]>;
      log_totals: Returning<"log_totals", Totals[]>;
      maintenance_history: Returning<"maintenance_history", Occurrence[]>;
      maintenance_status: Returning<"maintenance_status", DueItem[]>;
      merge_suggestions: Returning<"merge_suggestions", MergeSuggestion[]>;
      meter_hours: Returning<"meter_hours", number | null>;
      meter_status: Returning<"meter_status", Meter[]>;
      plane_voltages: Returning<"plane_voltages", MonthVoltages[]>;
      sessions_to_review: Returning<"sessions_to_review", Session[]>;
      year_hours: Returning<"year_hours", YearHours[]>;
    };
  };
}

export const SORT_KEYS = ["start", "duration", "plane", "pilot"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Equal ones, and those of no plane or pilot, which come last, stand by start, newest first. */
export interface SessionSort {
  by: SortKey;
  descending: boolean;
}

export const NEWEST_FIRST: SessionSort = { by: "start", descending: true };

/** Where the next page of the log goes on: after this entry. */
export interface EntryCursor {
  start: string;
  id: string;
  /** What the list is sorted by, if not by start. */
  key: string | number | null;
}

export interface EntryPage {
  entries: LogEntry[];
  next: EntryCursor | null;
}

/** A fleet at one moment; a part that was not asked for is empty. */
export interface FleetOverview {
  devices: Device[];
  /** Sorted by registration, archived ones last. */
  planes: Plane[];
  /** The most urgent item of each plane that has one, the most urgent first; comes with the planes. */
  due: DueItem[];
  months: MonthHours[];
  /** The newest entries of the log, newest first. */
  sessions: LogEntry[];
}

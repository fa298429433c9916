/** What the pages read: the database's views with their states spelled out. Times are ISO 8601, durations whole seconds. */

export type Role = "owner" | "editor" | "viewer";

export interface Membership {
  fleetId: string;
  fleetName: string;
  role: Role;
}

/** Somebody in a fleet. */
export interface Member {
  id: string;
  email: string;
  role: Role;
  joinedAt: string;
}

/** A link that makes somebody a member, good once. */
export interface Invite {
  id: string;
  role: Role;
  createdAt: string;
  expiresAt: string;
}

export type DeviceState = "running" | "delivering" | "off" | "never_heard" | "needs_attention";

export interface Device {
  uuid: string;
  fleetId: string;
  name: string | null;
  planeId: string | null;
  registration: string | null;
  state: DeviceState;
  attention: string | null;
  lastSeen: string | null;
  runningStart: string | null;
  runningSeconds: number | null;
  runningUpdate: string | null;
  unsent: number | null;
  firmware: string | null;
  resetReason: string | null;
  firstSessionStart: string | null;
  unassignedSessions: number;
  /** Posts in its name that were refused since the last one that was taken. */
  refusedPosts: number;
  refusedAt: string | null;
  /** When a session of it was last refused, and why. */
  rejectedAt: string | null;
  rejectedCode: string | null;
  keyBoundAt: string | null;
  keyResetAt: string | null;
}

/** From a time on, until the next one begins, a device hangs in this plane; null: in none. */
export interface Assignment {
  id: string;
  planeId: string | null;
  from: string;
}

/** What of a device is here, measured by its own counts. Null: it did not tell. */
export interface Completeness {
  sessions: number;
  firstBoot: number | null;
  lastBoot: number | null;
  missingBoots: number;
  lifetimeSeconds: number | null;
  recordedSeconds: number | null;
  /** Seconds of the board's own count that no session holds. */
  unrecordedSeconds: number | null;
  /** Newest first. */
  gaps: BootGap[];
}

/** A session as its device's page tells it: one power-up. */
export interface PowerUp {
  sessionId: string;
  start: string;
  runSeconds: number;
  registration: string | null;
  boot: number | null;
  resetReason: string | null;
}

export interface Plane {
  id: string;
  fleetId: string;
  registration: string;
  typeDesignator: string | null;
  make: string | null;
  model: string | null;
  archivedAt: string | null;
  totalSeconds: number;
  uncertaintySeconds: number;
  readingSeconds: number | null;
  readingAsOf: string | null;
  countedSeconds: number;
  countedSessions: number;
  monthSeconds: number;
  monthSessions: number;
  lastSessionStart: string | null;
  lastSessionEnd: string | null;
  deviceUuid: string | null;
}

/** What a person types about a plane. */
export interface PlaneFields {
  registration: string;
  typeDesignator: string | null;
  make: string | null;
  model: string | null;
}

export type ReadingReason = "initial" | "check" | "correction" | "meter_replaced";

/** What a plane's panel meter showed. */
export interface Reading {
  id: string;
  asOf: string;
  seconds: number;
  /** What the database expected when it was entered. */
  expectedSeconds: number;
  reason: ReadingReason;
  voided: boolean;
}

export interface MonthHours {
  planeId: string;
  /** The first day of the month: "2026-11-01". */
  month: string;
  seconds: number;
}

export interface DayHours {
  /** "2026-11-23". */
  date: string;
  seconds: number;
}

export type SessionState = "running" | "last_heard" | "ended" | "unconfirmed";
export type SessionQuality = "measured" | "clock_estimated" | "unconfirmed" | "flagged" | "hand_entered";
export type SessionClass = "flight" | "ground_run" | "maintenance" | "avionics_only" | "test";

export interface Session {
  id: string;
  planeId: string | null;
  registration: string | null;
  deviceUuid: string | null;
  deviceName: string | null;
  start: string;
  /** Power on as the device said, before any correction. */
  reportedStart: string;
  end: string;
  runSeconds: number;
  lastUpdate: string | null;
  state: SessionState;
  quality: SessionQuality;
  short: boolean;
  class: SessionClass | null;
  pilot: string | null;
  remarks: string | null;
  excluded: boolean;
  overlaps: boolean;
  hobbsStartSeconds: number | null;
  hobbsEndSeconds: number | null;
  checkpointSeconds: number | null;
  startSource: string | null;
  startUncertaintySeconds: number | null;
  boot: number | null;
  firmware: string | null;
  resetReason: string | null;
  /** Its start was corrected by hand. */
  corrected: boolean;
  clockChecked: boolean;
  /** Who annotated it last; null where nobody did, or where they left. */
  annotatedBy: string | null;
  annotatedAt: string | null;
  /** Of a hand-entered session: the device's session that it may repeat. */
  duplicateOf: string | null;
}

/** What a person says about a session; what is left out stays as it is. */
export interface Annotation {
  class?: SessionClass | null;
  pilot?: string | null;
  remarks?: string | null;
  excluded?: boolean;
  correctedStart?: string | null;
  clockChecked?: boolean;
}

/** A session that no device reported. */
export interface HandEntry {
  planeId: string;
  start: string;
  runSeconds: number;
  class: SessionClass | null;
  pilot: string | null;
  remarks: string | null;
}

/** Power-ups of a device that never arrived, from one boot to another, between two that did. */
export interface BootGap {
  fromBoot: number;
  toBoot: number;
  afterEnd: string;
  beforeStart: string;
  /** Somebody said that nothing was lost. */
  settled: SettledGap | null;
}

export interface SettledGap {
  id: string;
  /** Null where they left. */
  by: string | null;
  at: string;
}

export interface DeviceGap {
  deviceUuid: string;
  gap: BootGap;
}

export interface Person {
  id: string;
  email: string;
}

/** A session's quality, or one of the marks beside it. */
export type SessionMark = SessionQuality | "short" | "excluded" | "overlaps";

export interface SessionFilter {
  /** A plane's id, "none" for sessions of no plane, or undefined for all. */
  plane?: string;
  device?: string;
  /** A class, "none" for sessions that have none yet. */
  class?: SessionClass | "none";
  /** Part of the pilot's name. */
  pilot?: string;
  mark?: SessionMark;
  /** From this instant on. */
  from?: string;
  /** Before this instant. */
  until?: string;
}

export const SORT_KEYS = ["start", "duration", "plane", "pilot"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Equal ones, and those of no plane or pilot, which come last, stand by start, newest first. */
export interface SessionSort {
  by: SortKey;
  descending: boolean;
}

export const NEWEST_FIRST: SessionSort = { by: "start", descending: true };

/** Where the next page of sessions goes on: after this one. */
export interface SessionCursor {
  start: string;
  id: string;
  /** What the list is sorted by, if not by start. */
  key: string | number | null;
}

export interface SessionPage {
  sessions: Session[];
  next: SessionCursor | null;
}

/** What is read of a fleet beside its devices. */
export interface OverviewParts {
  planes?: boolean;
  /** How many months back. */
  months?: number;
  /** How many of them. */
  latestSessions?: number;
}

/** A fleet at one moment; a part that was not asked for is empty. */
export interface FleetOverview {
  devices: Device[];
  /** Sorted by registration, archived ones last. */
  planes: Plane[];
  months: MonthHours[];
  /** Newest first. */
  sessions: Session[];
}

/** What activity and its pages say: loaded with them, since a visit begins without. */

/** A table whose changes are told, as people call one of its rows. Each gets what the row was called, which may be nothing. */
interface SubjectWords {
  insert: (name: string) => string;
  update: (name: string) => string;
  delete: (name: string) => string;
}

/** "the plane", or with its name: "the plane D-EKVX". */
const called = (thing: string, name: string) => (name === "" ? thing : `${thing} ${name}`);
const usual = (thing: string): SubjectWords => ({
  insert: (name) => `added ${called(thing, name)}`,
  update: (name) => `changed ${called(thing, name)}`,
  delete: (name) => `deleted ${called(thing, name)}`,
});

const subjects: Record<string, SubjectWords> = {
  fleets: { insert: (name) => `started ${called("the fleet", name)}`, update: () => "changed the fleet", delete: () => "deleted the fleet" },
  fleet_members: {
    insert: (name) => `added ${name || "a member"}`,
    update: (name) => `changed the role of ${name || "a former member"}`,
    delete: (name) => `removed ${name || "a member"}`,
  },
  fleet_invites: { insert: () => "made an invite", update: () => "changed an invite", delete: () => "withdrew an invite" },
  planes: usual("the plane"),
  meters: usual("the meter"),
  hour_readings: { insert: (name) => `entered a reading of ${called("the meter", name)}`, update: (name) => `changed a reading of ${called("the meter", name)}`, delete: (name) => `deleted a reading of ${called("the meter", name)}` },
  device_ownerships: { insert: (name) => `registered ${called("the device", name)}`, update: (name) => `changed ${called("the device", name)}`, delete: (name) => `deleted ${called("the device", name)}` },
  device_assignments: {
    insert: (name) => `changed where ${called("the device", name)} is installed`,
    update: (name) => `corrected where ${called("the device", name)} is installed`,
    delete: (name) => `deleted an assignment of ${called("the device", name)}`,
  },
  devices: { insert: (name) => `registered ${called("the device", name)}`, update: (name) => `reset the key of ${called("the device", name)}`, delete: (name) => `deleted ${called("the device", name)}` },
  session_annotations: {
    insert: (name) => `changed ${called("the session", name)}`,
    update: (name) => `changed ${called("the session", name)}`,
    delete: (name) => `deleted the notes on ${called("the session", name)}`,
  },
  settled_boot_gaps: {
    insert: (name) => `marked missing power-ups of ${called("the device", name)} as nothing lost`,
    update: (name) => `changed missing power-ups of ${called("the device", name)}`,
    delete: (name) => `put missing power-ups of ${called("the device", name)} back into the review`,
  },
  components: usual("the component"),
  component_installations: {
    insert: (name) => `installed ${called("the component", name)}`,
    update: (name) => `corrected an installation of ${called("the component", name)}`,
    delete: (name) => `deleted an installation of ${called("the component", name)}`,
  },
  maintenance_items: usual("the maintenance item"),
  maintenance_completions: { insert: (name) => `entered ${name || "maintenance"} as done`, update: (name) => `changed a completion of ${name || "maintenance"}`, delete: (name) => `deleted a completion of ${name || "maintenance"}` },
  merged_entries: { insert: (name) => `merged sessions into ${called("the entry", name)}`, update: (name) => `changed ${called("the merged entry", name)}`, delete: (name) => `took ${called("the merged entry", name)} apart` },
  session_parts: { insert: (name) => `split ${called("the session", name)}`, update: (name) => `changed a part of ${called("the session", name)}`, delete: (name) => `undid the split of ${called("the session", name)}` },
  import_batches: { insert: (name) => `imported ${name || "sessions"}`, update: (name) => `changed ${called("the import", name)}`, delete: (name) => `deleted ${called("the import", name)}` },
  monthly_reports: { insert: (name) => `closed ${name || "a month"}`, update: (name) => `changed ${called("the report", name)}`, delete: (name) => `deleted ${called("the report", name)}` },
};

/** What people say, by the column that it stands in: a word has one meaning in every table. */
const columns: Record<string, string> = {
  anchor: "counts on from",
  archived_at: "archived",
  as_of: "as of",
  assigned_from: "from",
  base_meter_id: "follows",
  class: "class",
  clock_checked: "clock checked",
  component_id: "component",
  corrected_start: "corrected start",
  counts_from: "counts from",
  done_at: "done at",
  done_on: "done on",
  entered_ratio: "ratio",
  excluded: "left out",
  expires_at: "valid until",
  file_name: "file",
  from_boot: "from power-up",
  hand_plane_id: "plane",
  hand_seconds: "duration",
  hand_start: "start",
  installed_from: "installed from",
  interval_days: "interval in days",
  interval_months: "interval in months",
  interval_seconds: "interval",
  is_primary: "on the drum",
  item_id: "item",
  key_reset_at: "key reset",
  kind: "kind",
  locked_until: "locked until",
  make: "make",
  merge_gap_seconds: "gap up to which merging is suggested",
  meter_id: "meter",
  meter_seconds: "meter showed",
  model: "model",
  month: "month",
  name: "name",
  note: "note",
  owned_from: "registered from",
  owned_until: "released at",
  parts: "cut after",
  pilot: "pilot",
  plane_id: "plane",
  reason: "reason",
  registration: "registration",
  remarks: "remarks",
  removed_at: "removed at",
  reverted_at: "reverted",
  role: "role",
  row_count: "rows",
  seconds: "meter showed",
  serial: "serial number",
  session_ids: "sessions",
  sha256: "SHA-256",
  since_new_seconds: "time since new",
  since_overhaul_seconds: "time since overhaul",
  source: "counts",
  time_zone: "time zone",
  to_boot: "to power-up",
  tolerance_days: "tolerance in days",
  tolerance_seconds: "tolerance",
  type_designator: "type",
  void_reason: "voided because",
  warning_days: "warning before, in days",
  warning_seconds: "warning before",
};

export const activityTexts = {
  subjects,
  columns,
  yes: "yes",
  no: "no",
  hours: (count: number) => `${count} h`,
  /** Something of which only the identity is known. */
  another: "another one",
  quoted: (value: string) => `“${value}”`,
  /** A change from one value to another. */
  fromTo: (column: string, from: string, to: string) => `${column} from ${from} to ${to}`,
  /** A value of a new row, or of one that is gone. */
  is: (column: string, value: string) => `${column} ${value}`,
  anEntry: (moment: string) => `the entry of ${moment}`,
  entered: "entered a session by hand",
  deletedEntry: "deleted a session entered by hand",
  voided: (name: string, thing: string) => `voided a ${thing} of ${name || "a meter"}`,
  reading: "reading",
  completion: "completion",

  page: {
    title: "Activity",
    lead: "Who changed what, and when, newest first. What boards report is not included.",
    ofSession: "One session only.",
    all: "Show all activity",
    empty: "No changes yet",
    emptyText: "From now on this page shows who changed what, from what to what.",
    former: "A former member",
    older: "Show older",
    filters: "Filter activity",
    plane: "Plane",
    allPlanes: "All planes",
  },
} as const;

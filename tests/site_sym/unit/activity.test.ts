import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { type Reader, sentenceOf } from "../../../site_sym/src/activity/sentence.ts";
import { activityTexts } from "../../../site_sym/src/activity/texts.ts";

const reader: Reader = { moment: (iso) => iso.slice(11, 16), nameOf: (column, id) => (column === "plane_id" && id === PLANE ? "D-EABC" : null), registration: "D-EKVX" };
const PLANE = "550e8400-e29b-41d4-a716-446655440000";
const MIGRATIONS = new URL("../../../supabase/migrations/", import.meta.url);

function told(subject: string, action: string, label: string | null, before: unknown, after: unknown, registration = reader.registration): string {
  const { what, details } = sentenceOf({ subject, action, label, before, after }, { ...reader, registration });
  return [what, ...details].join("; ");
}

/** The tables whose changes are noted, and the columns of each that people say, as the migrations' triggers name them. */
function noted(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of readdirSync(MIGRATIONS)) {
    const sql = readFileSync(new URL(name, MIGRATIONS), "utf8");
    for (const [, table, said] of sql.matchAll(/create trigger \w+ after [^;]*? on public\.(\w+)[^;]*?private\.note_activity\(([^)]*)\)/g)) {
      // The first one identifies the row.
      found.set(table!, [...said!.matchAll(/'(\w+)'/g)].map(([, column]) => column!).slice(1));
    }
  }
  return found;
}

/** What merging and splitting note beside: which sessions, and where they were cut. */
const OF_ENTRIES = ["session_ids", "parts"];

test("a change says from what to what, an empty value as a dash", () => {
  assert.equal(told("session_annotations", "insert", "2026-06-01T14:05:00Z", null, { pilot: "Karl" }), "changed the session D-EKVX 14:05; pilot from “–” to “Karl”");
  assert.equal(
    told("session_annotations", "update", "2026-06-01T14:05:00Z", { class: "flight", excluded: false }, { class: "ground_run", excluded: true }),
    "changed the session D-EKVX 14:05; class from “Flight” to “Ground run”; left out from “no” to “yes”",
  );
});

test("what is new, and what is gone, has its values", () => {
  assert.equal(told("planes", "insert", "D-EKVX", null, { registration: "D-EKVX" }), "added the plane D-EKVX; registration “D-EKVX”");
  assert.equal(told("session_annotations", "delete", "2026-06-01T14:05:00Z", { hand_start: "2026-06-01T14:05:00+00:00", hand_seconds: 5400 }, null), "deleted a session entered by hand: D-EKVX 14:05; start “14:05”; duration “1:30:00”");
});

test("an identity is told by its name, and one that is not known never", () => {
  assert.equal(told("device_assignments", "insert", "Box", null, { plane_id: PLANE }), "changed where the device Box (D-EKVX) is installed; plane “D-EABC”");
  assert.equal(told("hour_readings", "insert", "Tach", null, { meter_id: PLANE, seconds: 3660 }, null), "entered a reading of the meter Tach; meter showed “1:01:00”");
  assert.equal(told("maintenance_items", "update", "Annual", { meter_id: null }, { meter_id: PLANE }, null), "changed the maintenance item Annual; meter from “–” to “another one”");
});

test("merging tells how many, splitting where", () => {
  assert.equal(told("merged_entries", "insert", "2026-06-01T14:05:00Z", null, { class: "flight", session_ids: [PLANE, PLANE, PLANE] }), "merged sessions into the entry D-EKVX 14:05; class “Flight”; sessions “3”");
  assert.equal(told("session_parts", "insert", "2026-06-01T14:05:00Z", null, { parts: [{ from_seconds: 0, pilot: "Karl" }, { from_seconds: 2700 }] }), "split the session D-EKVX 14:05; cut after “0:45:00”");
});

test("whole hours are told as such", () => {
  assert.equal(told("maintenance_items", "update", "Oil", { interval_seconds: 180_000 }, { interval_seconds: 181_800 }, null), "changed the maintenance item Oil; interval from “50 h” to “50:30:00”");
});

test("voiding is called voiding", () => {
  assert.equal(told("hour_readings", "update", "Tach", { void_reason: null }, { void_reason: "typo" }), "voided a reading of Tach (D-EKVX); voided because from “–” to “typo”");
});

test("every table and column that people change has words, and no words are left over", () => {
  const tables = noted();
  const columns = new Set([...OF_ENTRIES, ...[...tables.values()].flat()]);

  assert.ok(tables.size > 10);
  assert.deepEqual([...tables.keys()].filter((table) => !(table in activityTexts.subjects)), []);
  assert.deepEqual([...columns].filter((column) => !(column in activityTexts.columns)), []);
  assert.deepEqual(Object.keys(activityTexts.subjects).filter((table) => !tables.has(table)), []);
  assert.deepEqual(Object.keys(activityTexts.columns).filter((column) => !columns.has(column)), []);
});

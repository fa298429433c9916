// Runs with TZ=Europe/Berlin, whose summer time ended on 25 October 2026.
import assert from "node:assert/strict";
import { test } from "node:test";

import type { LogEntry, Plane } from "../../../site_sym/src/data/rows.ts";
import { lookOf } from "../../../site_sym/src/sessions/sessionLook.ts";
import { barsOf, lanesOf, later, periodOf, readPeriod, ticksOf } from "../../../site_sym/src/sessions/timeline.ts";

const NOW = new Date("2026-11-24T23:30:00Z");
const DAY = periodOf("day", "2026-11-23", "utc");
const LANE_PX = 1440;

function entry(id: string, start: string, end: string, plane_id: string | null = "p1"): LogEntry {
  return { entry_id: id, plane_id, effective_start: `2026-11-${start}:00Z`, session_end: `2026-11-${end}:00Z` } as LogEntry;
}

test("an address without a period is this week, which began on Monday", () => {
  const { view, days } = readPeriod(new URLSearchParams(), "utc", NOW);

  assert.equal(view, "week");
  assert.deepEqual([days.length, days[0], days[6]], [7, "2026-11-23", "2026-11-29"]);
});

test("today is the day of the zone that is shown", () => {
  const query = new URLSearchParams("view=day");

  assert.deepEqual(readPeriod(query, "utc", NOW).days, ["2026-11-24"]);
  assert.deepEqual(readPeriod(query, "local", NOW).days, ["2026-11-25"]);
});

test("what is no date in the address is today", () => {
  for (const date of ["", "tomorrow", "2026-13-01", "2026-11-2"]) {
    assert.deepEqual(readPeriod(new URLSearchParams({ view: "day", date }), "utc", NOW).days, ["2026-11-24"], date);
  }
});

test("a Sunday belongs to the week before it", () => {
  assert.equal(periodOf("week", "2026-11-29", "utc").days[0], "2026-11-23");
});

test("previous and next step by the period, over the ends of months and years", () => {
  assert.equal(later(periodOf("week", "2026-12-31", "utc"), 1), "2027-01-04");
  assert.equal(later(periodOf("day", "2026-03-01", "utc"), -1), "2026-02-28");
});

test("a week in which the clocks change has an hour more, and its days begin at midnight all the same", () => {
  const week = periodOf("week", "2026-10-25", "local");

  assert.equal((Date.parse(week.until) - Date.parse(week.from)) / 3_600_000, 7 * 24 + 1);
  assert.equal(ticksOf(week, "local", NOW)[6]?.at, "2026-10-24T22:00:00.000Z");
  assert.equal(ticksOf(periodOf("day", "2026-10-25", "local"), "local", NOW)[1]?.text, "03:00");
  assert.equal(ticksOf(periodOf("day", "2026-10-25", "local"), "local", NOW)[1]?.share, 4 / 25);
});

test("a bar stands where its time is, and ends at the day's edge", () => {
  const [noon, late] = barsOf([entry("a", "23T12:00", "23T13:00"), entry("b", "23T23:00", "24T02:00")], DAY, LANE_PX);

  assert.deepEqual([noon?.left, noon?.width, noon?.fromBefore, noon?.intoAfter], [720, 60, false, false]);
  assert.deepEqual([late?.left, late?.width, late?.intoAfter], [1380, 60, true]);
});

test("a short one shows its true length inside something that a finger can hit, also at the edge", () => {
  const [first, last] = barsOf([entry("a", "23T00:00", "23T00:06"), entry("b", "23T23:58", "23T23:59")], DAY, LANE_PX);

  assert.deepEqual([first?.width, first?.fillWidth], [24, 6]);
  assert.deepEqual([last?.left, last?.width, last?.fillWidth], [LANE_PX - 24, 24, 3]);
  assert.ok((last?.left ?? 0) + (last?.fillLeft ?? 0) + (last?.fillWidth ?? 0) <= LANE_PX);
});

test("those that would touch stand below each other, and a free row is used again", () => {
  const rows = barsOf([entry("a", "23T08:00", "23T10:00"), entry("b", "23T09:00", "23T09:30"), entry("c", "23T11:00", "23T12:00")], DAY, LANE_PX);

  assert.deepEqual(rows.map(({ entry, row }) => [entry.entry_id, row]), [["a", 0], ["b", 1], ["c", 0]]);
});

test("planes in service have a lane, archived ones where they flew, and what has no plane the last", () => {
  const planes = [{ plane_id: "p1", archived_at: null }, { plane_id: "p2", archived_at: "2026-01-01" }, { plane_id: "p3", archived_at: "2026-01-01" }] as Plane[];
  const lanes = lanesOf([entry("a", "23T08:00", "23T09:00", "p3"), entry("b", "23T08:00", "23T09:00", null)], planes);

  assert.deepEqual(lanes.map(({ plane, entries }) => [plane?.plane_id, entries.length]), [["p1", 0], ["p3", 1], [undefined, 1]]);
});

test("a bar looks like what is gravest about its entry", () => {
  const measured = { quality: "measured", state: "ended", excluded: false } as LogEntry;

  assert.equal(lookOf(measured), "measured");
  assert.equal(lookOf({ ...measured, state: "running", quality: "unconfirmed" }), "running");
  assert.equal(lookOf({ ...measured, quality: "flagged", state: "running" }), "flagged");
  assert.equal(lookOf({ ...measured, quality: "flagged", excluded: true }), "excluded");
  assert.equal(lookOf({ ...measured, state: "unconfirmed", quality: "unconfirmed" }), "unconfirmed");
});

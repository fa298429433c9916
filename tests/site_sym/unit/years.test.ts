import assert from "node:assert/strict";
import { test } from "node:test";

import type { YearHours } from "../../../site_sym/src/data/rows.ts";
import { yearCsv } from "../../../site_sym/src/years/yearCsv.ts";
import { readYear, withPresentMonth, type YearLine, yearSheet } from "../../../site_sym/src/years/yearSheet.ts";

const HOUR = 3600;
const twelve = (figures: Record<number, number | null>, rest: number | null = 0) => Array.from({ length: 12 }, (_, i) => (i in figures ? (figures[i] ?? null) : rest));
const row = (plane_id: string, seconds: (number | null)[], before: (number | null)[], engine = twelve({}, null), beforeEngine = twelve({}, null)): YearHours => ({
  plane_id,
  registration: `D-E${plane_id}`,
  archived_at: plane_id === "old" ? "2026-01-01T00:00:00Z" : null,
  seconds,
  before_seconds: before,
  engine_seconds: engine,
  before_engine_seconds: beforeEngine,
});

test("a plane's year, the one before, and what has changed; and the same of all", () => {
  const { planes, fleet } = yearSheet([row("a", twelve({ 5: 3 * HOUR }), twelve({ 0: HOUR })), row("old", twelve({}), twelve({ 5: 4 * HOUR }))], "powered");

  assert.deepEqual(planes.map(({ total, totalBefore, difference }) => [total, totalBefore, difference].map((seconds) => (seconds ?? 0) / HOUR)), [[3, 1, 2], [0, 4, -4]]);
  assert.deepEqual(planes.map(({ isArchived }) => isArchived), [false, true]);
  assert.deepEqual([fleet.total, fleet.totalBefore, fleet.difference].map((seconds) => (seconds ?? 0) / HOUR), [3, 5, -2]);
  assert.deepEqual([fleet.seconds[5], fleet.before[5], fleet.before[0]], [3 * HOUR, 4 * HOUR, HOUR]);
});

test("a year that goes on is compared with as many months of the one before", () => {
  const rows = [row("a", twelve({ 0: 2 * HOUR, 2: HOUR }), twelve({ 0: HOUR, 3: 7 * HOUR })), row("b", twelve({ 2: HOUR }), twelve({ 2: 4 * HOUR, 11: 7 * HOUR }))];
  const hours = ({ total, totalBefore, beforeSoFar, difference }: YearLine) => [total, totalBefore, beforeSoFar, difference].map((seconds) => (seconds ?? 0) / HOUR);

  const { planes, fleet } = yearSheet(rows, "powered", 3);

  assert.deepEqual(planes.map(hours), [[3, 8, 1, 2], [1, 11, 4, -3]]);
  assert.deepEqual(hours(fleet), [4, 19, 5, -1]);
  assert.deepEqual(yearSheet(rows, "powered").planes.map(hours), [[3, 8, 8, -5], [1, 11, 11, -10]]);
});

test("every total is the sum of what stands before it, whatever is not known", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let n = 0; n < 200; n++) {
    const figures = () => Array.from({ length: 12 }, () => (random() < 0.2 ? null : Math.floor(random() * 100_000)));
    const rows = Array.from({ length: Math.floor(random() * 5) }, (_, i) => row(String(i), figures(), figures(), figures(), figures()));
    for (const measure of ["powered", "engine"] as const) {
      const { planes, fleet } = yearSheet(rows, measure);
      let whole = 0;
      for (const line of planes) for (const seconds of line.seconds) whole += seconds ?? 0;
      assert.equal(fleet.total ?? 0, whole);
      assert.equal(fleet.seconds.reduce<number>((sum, seconds) => sum + (seconds ?? 0), 0), whole);
      assert.equal(planes.reduce((sum, { totalBefore }) => sum + (totalBefore ?? 0), 0), fleet.totalBefore ?? 0);
    }
  }
});

test("an engine is not known where nothing was sensed, and stands still without power", () => {
  const { planes, fleet } = yearSheet([row("a", twelve({ 3: 2 * HOUR, 4: HOUR, 11: null }), twelve({}), twelve({ 3: HOUR }, null)), row("b", twelve({}, null), twelve({ 2: HOUR }, null))], "engine");

  assert.deepEqual([3, 4, 0, 11].map((month) => planes[0]?.seconds[month]), [HOUR, null, 0, null]);
  assert.deepEqual([planes[1]?.total, planes[1]?.totalBefore, planes[1]?.difference], [null, null, null]);
  assert.equal(fleet.total, HOUR);
});

test("where nothing was sensed of all that flew, nothing is known of the engines, and not that they stood still", () => {
  const { planes, fleet } = yearSheet([row("a", twelve({ 3: HOUR }), twelve({})), row("b", twelve({}), twelve({}))], "engine");

  assert.deepEqual(planes.map(({ total }) => total), [null, 0]);
  assert.deepEqual([fleet.total, fleet.seconds[3], fleet.seconds[4], fleet.totalBefore], [null, null, 0, 0]);
});

test("the present month says what the planes' cards say, and no other month does", () => {
  const rows = withPresentMonth([row("a", twelve({ 10: HOUR, 11: null }), twelve({ 10: 5 })), row("b", twelve({}), twelve({}))], [{ plane_id: "a", month_seconds: HOUR + 17 }], 10);

  assert.deepEqual([rows[0]?.seconds[10], rows[0]?.seconds[11], rows[0]?.before_seconds[10], rows[1]?.seconds[10]], [HOUR + 17, null, 5, 0]);
});

test("an address names a year that has been, or means the present one", () => {
  const years = [2026, 2025, 2024];
  for (const [text, year] of [["2025", 2025], ["1950", 1950], ["2026", 2026]] as const) assert.equal(readYear(text, years), year);
  for (const text of [null, "", "2027", "99999", "1899", "-2025", "2025.5", "20 25", "year", "٢٠٢٥"]) assert.equal(readYear(text, years), 2026, String(text));
});

test("the file has what the page shows: two rows a plane, two of all, hours to a third of a second, and no formula", () => {
  const sheet = yearSheet([{ ...row("a", twelve({ 5: 5400, 11: null }), twelve({ 0: 1 })), registration: "=1+1" }], "powered");

  const lines = yearCsv(sheet, 2026, "powered", "All planes").replace("\uFEFF", "").split("\r\n");

  assert.equal(lines[0], "registration,year,source,jan_hours,feb_hours,mar_hours,apr_hours,may_hours,jun_hours,jul_hours,aug_hours,sep_hours,oct_hours,nov_hours,dec_hours,total_hours");
  assert.deepEqual(lines.slice(1), [
    "'=1+1,2026,powered,0,0,0,0,0,1.5,0,0,0,0,0,,1.5",
    "'=1+1,2025,powered,0.0003,0,0,0,0,0,0,0,0,0,0,0,0.0003",
    "All planes,2026,powered,0,0,0,0,0,1.5,0,0,0,0,0,,1.5",
    "All planes,2025,powered,0.0003,0,0,0,0,0,0,0,0,0,0,0,0.0003",
    "",
  ]);
});

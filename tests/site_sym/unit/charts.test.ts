import assert from "node:assert/strict";
import { test } from "node:test";

import { dayByKey, DAYS_SHOWN, heatDays, heatLevel, heatStep } from "../../../site_sym/src/dashboard/heatDays.ts";
import { monthTable, withPresentMonth } from "../../../site_sym/src/dashboard/monthSeries.ts";

const HOUR = 3600;
const plane = (i: number) => ({ plane_id: `p${i}`, registration: `D-E${i}` });
const row = (i: number, month: string, hours: number, engine_seconds: number | null = null) => ({ plane_id: `p${i}`, month: `${month}-01`, seconds: hours * HOUR, engine_seconds });

test("the planes with most hours get the colours, and from nine on the eighth is all others'", () => {
  const planes = Array.from({ length: 10 }, (_, i) => plane(i));
  // Nine of them flew, the later in the list the more.
  const rows = planes.flatMap((_, i) => [row(i, "2026-11", i === 3 ? 0 : i + 1), row(i, "2026-10", 0)]);

  const table = monthTable(rows, planes, "Other planes");

  assert.deepEqual(table.series.map(({ label }) => label), ["D-E9", "D-E8", "D-E7", "D-E6", "D-E5", "D-E4", "D-E2", "Other planes"]);
  assert.deepEqual(table.series.map(({ color }) => color), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(table.months.map(({ month }) => month), ["2026-10-01", "2026-11-01"]);
  assert.equal(table.months[1]?.total, 51 * HOUR);
  assert.equal(table.months[1]?.seconds.others, 3 * HOUR);
});

test("eight planes have a colour each, planes of equal hours in the page's order, and one that never flew has none", () => {
  const planes = Array.from({ length: 9 }, (_, i) => plane(i));

  const { series } = monthTable(planes.map((_, i) => row(i, "2026-11", i === 4 ? 0 : 2)), planes, "Other planes");

  assert.deepEqual(series.map(({ label }) => label), ["D-E0", "D-E1", "D-E2", "D-E3", "D-E5", "D-E6", "D-E7", "D-E8"]);
});

test("one plane's months are its own, and another's rows are not among them", () => {
  const { series, months } = monthTable([row(0, "2026-11", 1, 3000), row(1, "2026-11", 5, 9000), row(0, "2026-10", 2)], [plane(0)], "Other planes");

  assert.deepEqual(series.map(({ key }) => key), ["p0"]);
  assert.deepEqual(months.map(({ total }) => total / HOUR), [2, 1]);
  assert.deepEqual(months.map(({ engine }) => engine), [null, 3000]);
});

test("a plane without an hour has twelve empty months and no colour", () => {
  const { series, months } = monthTable([row(0, "2026-11", 0), row(0, "2026-10", 0)], [plane(0)], "Other planes");

  assert.deepEqual(series, []);
  assert.deepEqual(months.map(({ total }) => total), [0, 0]);
});

test("the present month says what the plane's card says, every other month what was read", () => {
  const rows = [row(0, "2026-11", 1), row(0, "2026-10", 2), row(1, "2026-11", 3)];

  const live = withPresentMonth(rows, [{ plane_id: "p0", month_seconds: HOUR + 17 }], "2026-11");

  assert.deepEqual(live.map(({ seconds }) => seconds), [HOUR + 17, 2 * HOUR, 3 * HOUR]);
});

test("the heat's steps are hours that can be read, and the fullest day has a colour", () => {
  for (let seconds = 1; seconds < 2000 * HOUR; seconds = Math.ceil(seconds * 1.07)) {
    const step = heatStep(seconds);
    assert.ok(step * 4 * HOUR >= seconds, `${seconds} s in steps of ${step} h`);
    assert.ok(heatLevel(seconds, step) >= 1);
    assert.equal(step * 100 % 25, 0);
  }
  assert.equal(heatStep(15 * HOUR), 4);
  assert.equal(heatStep(8 * HOUR), 2);
});

test("a day of no hours has no colour, and a minute has the first", () => {
  assert.deepEqual([0, 60, 2 * HOUR, 2 * HOUR + 1, 8 * HOUR].map((seconds) => heatLevel(seconds, 2)), [0, 1, 1, 2, 4]);
  assert.equal(heatLevel(9 * HOUR, 2), 4);
});

test("arrow keys lead by days and weeks, and not beyond the year", () => {
  const days = heatDays([], "2026-11-25");
  const last = days.length - 1;
  const move = (key: string, from: number) => days[dayByKey(key, from, days.length) ?? -1]?.day;

  assert.equal(days.length, DAYS_SHOWN - 4);
  assert.equal(move("ArrowUp", last), "2026-11-24");
  assert.equal(move("ArrowLeft", last), "2026-11-18");
  assert.equal(move("ArrowRight", last), "2026-11-25");
  assert.equal(move("Home", last), days[0]?.day);
  assert.equal(move("ArrowLeft", 3), days[0]?.day);
  assert.equal(move("End", 0), "2026-11-25");
  assert.equal(dayByKey("Enter", last, days.length), null);
});

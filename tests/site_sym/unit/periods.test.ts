import assert from "node:assert/strict";
import { test } from "node:test";

import { formatTime, isoDay, type Zone, ZONES } from "../../../site_sym/src/format/times.ts";
import { boundsOf, calendarPeriod, EVERYDAY_PERIODS, NAMED_PERIODS, type Period, periodName, readPeriod, yearsOf } from "../../../site_sym/src/sessions/periods.ts";
import { readQuery, writeQuery } from "../../../site_sym/src/sessions/sessionQuery.ts";

// "local" is Europe/Berlin here.
const HOUR_MS = 3_600_000;
const NOW = "2026-11-28T12:00:00Z";
/** The instants at which the zone's calendar or its clocks turn, and the milliseconds around them. */
const TURNS = [
  "2025-12-31T23:00:00Z", // new year in Berlin
  "2026-01-01T00:00:00Z", // new year in UTC
  "2026-03-29T01:00:00Z", // summer time begins in Berlin
  "2026-03-28T23:00:00Z", // the day of 23 hours begins
  "2026-03-29T22:00:00Z", // and ends
  "2026-10-25T01:00:00Z", // summer time ends
  "2026-10-24T22:00:00Z", // the day of 25 hours begins
  "2026-10-25T23:00:00Z", // and ends
  "2024-02-28T23:00:00Z", // the leap day in Berlin
  "2024-02-29T00:00:00Z",
  "2024-02-29T23:00:00Z",
  "2024-03-01T00:00:00Z",
  "2024-12-31T23:30:00Z",
].flatMap((turn) => [-1, 0, 1, HOUR_MS / 2, 12 * HOUR_MS].map((later) => new Date(Date.parse(turn) + later)));

function days(period: Period, zone: Zone, now: string | Date): [string, string] {
  const { from, until } = boundsOf(period, zone, new Date(now));
  return [from && isoDay(new Date(from), zone), until && isoDay(new Date(Date.parse(until) - 1), zone)];
}

test("every period begins and ends on the days that its name says", () => {
  const expected: [Period, string, string][] = [
    ["today", "2026-11-28", "2026-11-28"],
    ["yesterday", "2026-11-27", "2026-11-27"],
    ["month", "2026-11-01", "2026-11-30"],
    ["last_month", "2026-10-01", "2026-10-31"],
    ["year", "2026-01-01", "2026-12-31"],
    ["30d", "2026-10-29", ""],
    ["90d", "2026-08-30", ""],
    ["all", "", ""],
    ["2025", "2025-01-01", "2025-12-31"],
    ["2026-06", "2026-06-01", "2026-06-30"],
    ["2024-02", "2024-02-01", "2024-02-29"],
    ["2024-02-29", "2024-02-29", "2024-02-29"],
    ["2031-12-31", "2031-12-31", "2031-12-31"],
  ];

  for (const zone of ZONES) assert.deepEqual(expected.map(([period]) => [period, ...days(period, zone, NOW)]), expected);
});

test("around midnight it is another day in Berlin than in UTC", () => {
  const [late, newYear] = ["2026-06-30T22:30:00Z", "2025-12-31T23:30:00Z"];

  assert.deepEqual(EVERYDAY_PERIODS.map((period) => days(period, "utc", late)[0]), ["2026-06-30", "2026-06-29", "2026-06-01", "2026-05-01", "2026-01-01"]);
  assert.deepEqual(EVERYDAY_PERIODS.map((period) => days(period, "local", late)[0]), ["2026-07-01", "2026-06-30", "2026-07-01", "2026-06-01", "2026-01-01"]);
  assert.deepEqual(EVERYDAY_PERIODS.map((period) => days(period, "utc", newYear)[0]), ["2025-12-31", "2025-12-30", "2025-12-01", "2025-11-01", "2025-01-01"]);
  assert.deepEqual(EVERYDAY_PERIODS.map((period) => days(period, "local", newYear)[0]), ["2026-01-01", "2025-12-31", "2026-01-01", "2025-12-01", "2026-01-01"]);
});

test("a day with a change of the clocks has 23 or 25 hours, and its month one less or more", () => {
  const hours = (period: Period) => {
    const { from, until } = boundsOf(period, "local", new Date(NOW));
    return (Date.parse(until) - Date.parse(from)) / HOUR_MS;
  };

  assert.deepEqual([hours("2026-03-29"), hours("2026-10-25"), hours("2026-06-14")], [23, 25, 24]);
  assert.deepEqual([hours("2026-03"), hours("2026-10"), hours("2026")], [31 * 24 - 1, 31 * 24 + 1, 365 * 24]);
});

test("at any instant today holds it, yesterday ends where today begins, and months and years follow each other", () => {
  for (const zone of ZONES) {
    for (const now of TURNS) {
      const [today, yesterday, month, lastMonth, year] = EVERYDAY_PERIODS.map((period) => boundsOf(period, zone, now)) as [Bounds, Bounds, Bounds, Bounds, Bounds];

      for (const { from, until } of [today, month, year]) assert.ok(Date.parse(from) <= now.getTime() && now.getTime() < Date.parse(until));
      assert.equal(yesterday.until, today.from);
      assert.equal(lastMonth.until, month.from);
      // Every one of them begins at midnight by the clocks of the zone.
      for (const { from, until } of [today, yesterday, month, lastMonth, year]) {
        for (const at of [from, until]) assert.equal(formatTime(at, zone).slice(0, 5), "00:00");
      }
      assert.deepEqual([days("yesterday", zone, now)[0], days("yesterday", zone, now)[1]], [oneDayBefore(isoDay(now, zone)), oneDayBefore(isoDay(now, zone))]);
    }
  }
});

type Bounds = ReturnType<typeof boundsOf>;

/** By counting: the day that has its noon 24 hours before. */
function oneDayBefore(day: string): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) - 24 * HOUR_MS).toISOString().slice(0, 10);
}

test("what has a name today is the same period of the calendar tomorrow", () => {
  for (const zone of ZONES) {
    for (const now of TURNS) {
      for (const period of EVERYDAY_PERIODS) {
        const calendar = calendarPeriod(period, zone, now);
        assert.ok(calendar !== null);
        assert.deepEqual(boundsOf(calendar, zone, new Date("2030-01-01T00:00:00Z")), boundsOf(period, zone, now));
      }
    }
  }
  for (const period of ["30d", "90d", "all", "custom"] as const) assert.equal(calendarPeriod(period, "utc", new Date(NOW)), null);
});

test("a broken period in the address is none, and the page shows the last 30 days", () => {
  for (const word of ["", "2026-13", "2026-00", "2026-6", "2026-02-30", "2025-02-29", "2026-06-31", "0026", "26-06", "2026-06-14T10:00", "2026-06-", " 2026", "Today", "tomorrow", "-1", "__proto__", "2026-06-14-01", "99999"]) {
    assert.equal(readPeriod(word), null, word);
    const query = readQuery(new URLSearchParams({ period: word }), "utc", new Date(NOW));
    assert.deepEqual([query.period, query.from, query.until], ["30d", "2026-10-29T00:00:00.000Z", ""], word);
  }
});

test("every period survives the way through the address, also one that is still to come", () => {
  for (const zone of ZONES) {
    for (const period of [...NAMED_PERIODS.filter((name) => name !== "custom"), "2025", "2099-06", "2028-02-29"] as const) {
      const query = readQuery(new URLSearchParams({ period }), zone, new Date(NOW));

      assert.equal(query.period, period);
      assert.deepEqual(writeQuery(query, zone), period === "30d" ? {} : { period });
      assert.deepEqual(readQuery(new URLSearchParams(writeQuery(query, zone)), zone, new Date(NOW)), query);
    }
  }
});

test("days beside a period that is none of them mean nothing, and without a period they are one", () => {
  const read = (address: Record<string, string>) => {
    const { period, from, until } = readQuery(new URLSearchParams(address), "utc", new Date(NOW));
    return [period, from.slice(0, 10), until.slice(0, 10)];
  };

  assert.deepEqual(read({ period: "2026-06", from: "2025-01-01" }), ["2026-06", "2026-06-01", "2026-07-01"]);
  assert.deepEqual(read({ period: "2026-13", from: "2025-01-01", to: "2025-01-31" }), ["custom", "2025-01-01", "2025-02-01"]);
});

test("a period of the calendar has a name", () => {
  assert.deepEqual((["2025", "2026-06", "2026-06-14"] as const).map(periodName), ["2025", "June 2026", "14 June 2026"]);
});

test("the years go from the first session of any plane to the present one", () => {
  const planes = [null, "2024-12-31T23:30:00Z", "2026-02-01T08:00:00Z"].map((first_effective_start) => ({ first_effective_start }));

  assert.deepEqual(yearsOf(planes, "utc", new Date(NOW)), [2026, 2025, 2024]);
  assert.deepEqual(yearsOf(planes, "local", new Date(NOW)), [2026, 2025]);
  assert.deepEqual(yearsOf([], "utc", new Date(NOW)), [2026]);
  assert.deepEqual(yearsOf([{ first_effective_start: null }], "local", new Date("2026-12-31T23:00:00Z")), [2027]);
  // A board whose clock was ahead takes no year away.
  assert.deepEqual(yearsOf([{ first_effective_start: "2031-01-01T00:00:00Z" }], "utc", new Date(NOW)), [2026]);
});

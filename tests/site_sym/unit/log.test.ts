import assert from "node:assert/strict";
import { test } from "node:test";

import type { LogEntry, Plane, SessionQuery, Totals } from "../../../site_sym/src/data/rows.ts";
import { dayTitle, isoDay, ZONES } from "../../../site_sym/src/format/times.ts";
import { logDays } from "../../../site_sym/src/sessions/days.ts";
import { exportFileName } from "../../../site_sym/src/sessions/export/fileName.ts";
import { summaryOf } from "../../../site_sym/src/sessions/export/summary.ts";
import { readQuery } from "../../../site_sym/src/sessions/sessionQuery.ts";
import { grown, Tally, totalsWords } from "../../../site_sym/src/sessions/totals.ts";

// "local" is Europe/Berlin here.
const NOW = new Date("2026-11-28T12:00:00Z");
const PLANE_ID = "0b5f3f0e-9a52-4c58-8a53-5d3f2f7a7c11";
const PLANE = { plane_id: PLANE_ID, registration: "D-EKLM" } as Plane;
const query = (address: Record<string, string>): SessionQuery => readQuery(new URLSearchParams(address), "utc", NOW);

function entry(number: number, start: string, told: Partial<LogEntry> = {}): LogEntry {
  const told_all = { kind: "session", effective_start: start, run_seconds: 3600, excluded: false, engine_seconds: null, hobbs_start_seconds: null, hobbs_end_seconds: null, ...told };
  return { entry_id: `e${String(number).padStart(3, "0")}`, ...told_all } as LogEntry;
}

test("entries are grouped by the day on which they began in the zone that is shown", () => {
  const late = [entry(1, "2026-10-25T23:30:00Z"), entry(2, "2026-10-25T22:30:00Z"), entry(3, "2026-10-24T22:30:00Z"), entry(4, "2026-10-24T21:30:00Z")];
  const days = (zone: "utc" | "local", hasMore = false) => logDays(late, zone, hasMore).map(({ day, entries, isWhole }) => [day, entries.length, isWhole]);

  assert.deepEqual(days("utc"), [["2026-10-25", 2, true], ["2026-10-24", 2, true]]);
  assert.deepEqual(days("local"), [["2026-10-26", 1, true], ["2026-10-25", 2, true], ["2026-10-24", 1, true]]);
  assert.deepEqual(days("local", true).at(-1), ["2026-10-24", 1, false]);
  assert.deepEqual(logDays([], "utc", true), []);
});

test("no entry is lost or moved by the days, and no day comes twice", () => {
  const starts = Array.from({ length: 200 }, (_, n) => Date.parse("2026-03-20T00:00:00Z") + n * 7_013_000).reverse();
  const entries = starts.map((start, n) => entry(n, new Date(start).toISOString()));
  for (const zone of ZONES) {
    for (const list of [entries, [...entries].reverse()]) {
      const days = logDays(list, zone, false);

      assert.deepEqual(days.flatMap((day) => day.entries), list);
      assert.equal(new Set(days.map(({ day }) => day)).size, days.length);
      for (const { day, entries: own } of days) for (const one of own) assert.equal(isoDay(new Date(one.effective_start), zone), day);
    }
  }
});

test("a day's heading has today and yesterday by name, and the year where it is another one", () => {
  assert.deepEqual(dayTitle("2026-11-28", "utc", NOW), { name: "Today", date: "Saturday 28 November" });
  assert.deepEqual(dayTitle("2026-11-27", "utc", NOW), { name: "Yesterday", date: "Friday 27 November" });
  assert.deepEqual(dayTitle("2026-11-26", "utc", NOW), { name: "", date: "Thursday 26 November" });
  assert.deepEqual(dayTitle("2025-11-28", "utc", NOW), { name: "", date: "Friday 28 November 2025" });
  // 23:30 in UTC is the next day in Berlin; the day of 25 hours is still one day.
  assert.equal(dayTitle("2026-10-26", "local", new Date("2026-10-25T23:30:00Z")).name, "Today");
  assert.equal(dayTitle("2026-10-25", "local", new Date("2026-10-25T23:30:00Z")).name, "Yesterday");
});

test("totals leave out what is excluded, in whichever order the entries are read", () => {
  const entries = [
    entry(3, "2026-11-03T08:00:00Z", { run_seconds: 7200, hobbs_start_seconds: 3600, hobbs_end_seconds: 10_800 }),
    entry(2, "2026-11-02T08:00:00Z", { run_seconds: 900, excluded: true, engine_seconds: 800 }),
    entry(1, "2026-11-01T08:00:00Z", { hobbs_start_seconds: 0, hobbs_end_seconds: 3600, engine_seconds: 3000, kind: "merged" }),
  ];
  const expected: Totals = {
    entries: 3,
    is_plain: false,
    run_seconds: 10_800,
    excluded_entries: 1,
    excluded_seconds: 900,
    sensed_entries: 1,
    engine_seconds: 3000,
    hobbs_start_seconds: 0,
    hobbs_end_seconds: 10_800,
    first_start: "2026-11-01T08:00:00Z",
  };

  for (const list of [entries, [...entries].reverse()]) {
    const tally = new Tally(query({ plane: PLANE_ID }));
    tally.add(list.slice(0, 1));
    tally.add(list.slice(1));
    assert.deepEqual(tally.totals, expected);
  }
});

test("Hobbs is said of one plane in a period, and of nothing else", () => {
  const flown = [entry(1, "2026-11-01T08:00:00Z", { hobbs_start_seconds: 0, hobbs_end_seconds: 3600 })];
  for (const address of [{}, { plane: "none" }, { plane: PLANE_ID, pilot: "Roth" }, { plane: PLANE_ID, class: "none" }, { plane: PLANE_ID, quality: "short" }]) {
    const tally = new Tally(query(address as Record<string, string>));
    tally.add(flown);
    assert.equal(tally.totals.hobbs_end_seconds, null, JSON.stringify(address));
  }
});

test("totals are told in one line, with what there is to say", () => {
  const nothing = new Tally(query({})).totals;
  const line = (totals: Totals, format: "tenths" | "hhmm" = "tenths") => {
    const { count, hours, others } = totalsWords(totals, format);
    return [count, hours, ...others].join(" · ");
  };

  assert.equal(line(nothing), "0 sessions · 0.0 h");
  assert.equal(line({ ...nothing, entries: 34, is_plain: false, run_seconds: 176_400, hobbs_start_seconds: 8_067_960, hobbs_end_seconds: 8_244_720 }), "34 entries · 49.0 h · Hobbs 2241.1 → 2290.2");
  assert.equal(line({ ...nothing, entries: 3, excluded_entries: 2, run_seconds: 5400, engine_seconds: 3600, sensed_entries: 1 }), "1 session · 1.5 h · engine 1.0 h · + 2 left out");
  assert.equal(line({ ...nothing, entries: 1, run_seconds: 5400 }, "hhmm"), "1 session · 1:30");
  assert.equal(line(grown({ ...nothing, entries: 1, run_seconds: 5400, hobbs_start_seconds: 0, hobbs_end_seconds: 5400 }, 1800)), "1 session · 2.0 h · Hobbs 0.0 → 2.0");
});

test("a file is named after its plane or fleet and its period", () => {
  const name = (address: Record<string, string>, plane: Plane | undefined = undefined, fleet = "Hangar Flying Club") => exportFileName(query(address), plane, fleet, "csv", "utc", NOW);

  assert.equal(name({ period: "2026-06", plane: PLANE_ID }, PLANE), "D-EKLM_2026-06.csv");
  assert.equal(name({}), "Hangar-Flying-Club_2026-10-29_2026-11-28.csv");
  assert.deepEqual(["today", "last_month", "year", "2025"].map((period) => name({ period })), [
    "Hangar-Flying-Club_2026-11-28.csv",
    "Hangar-Flying-Club_2026-10.csv",
    "Hangar-Flying-Club_2026.csv",
    "Hangar-Flying-Club_2025.csv",
  ]);
  assert.equal(name({ from: "2026-03-01", to: "2026-03-09" }), "Hangar-Flying-Club_2026-03-01_2026-03-09.csv");
  assert.equal(name({ period: "all", plane: "none" }), "Hangar-Flying-Club_without-a-plane_until_2026-11-28.csv");
  assert.equal(exportFileName(query({ period: "2025" }), PLANE, "", "foreflight", "utc", NOW), "D-EKLM_2025.foreflight.csv");
});

test("a fleet's name that no file may have makes one that it may", () => {
  const name = (fleet: string) => exportFileName(query({ period: "2025" }), undefined, fleet, "json", "utc", NOW);

  assert.equal(name("../../etc/passwd"), "etc-passwd_2025.json");
  assert.equal(name('A"B <C>: D|E?\u0000 * F\\G'), "A-B-C-D-E-F-G_2025.json");
  assert.equal(name("Flugsportverein Ülzen 東京"), "Flugsportverein-Ülzen-東京_2025.json");
  assert.equal(name("///"), "log_2025.json");
});

test("a workbook's summary says of what it is, and nothing that is not known", () => {
  const said = (address: Record<string, string>, totals: Partial<Totals> = {}) => {
    const of = { query: query(address), fleetName: "=Club", planes: [PLANE], timeZone: "Europe/Berlin", now: NOW };
    return Object.fromEntries(summaryOf({ ...new Tally(of.query).totals, ...totals }, of).map(({ name, value }) => [name, value]));
  };

  assert.deepEqual(said({ period: "all" }), { Fleet: "=Club", Registration: "All planes", "Days in": "Europe/Berlin", Sessions: 0, "Duration (h)": 0, "Duration (s)": 0, "Saved (UTC)": "2026-11-28T12:00:00Z" });
  const june = said({ period: "2026-06", plane: PLANE_ID }, { entries: 5, excluded_entries: 1, excluded_seconds: 1800, run_seconds: 9000, hobbs_start_seconds: 0, hobbs_end_seconds: 9000 });
  assert.deepEqual(
    ["Registration", "From (UTC)", "Before (UTC)", "Sessions", "Duration (h)", "Hobbs start (h)", "Hobbs end (h)", "Left out", "Left out (h)"].map((one) => june[one]),
    ["D-EKLM", "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z", 4, 2.5, 0, 2.5, 1, 0.5],
  );
  assert.equal(said({ class: "flight" }).Selection, "by further filters");
});

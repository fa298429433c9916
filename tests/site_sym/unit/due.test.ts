import assert from "node:assert/strict";
import { test } from "node:test";

import type { DueItem } from "../../../site_sym/src/data/rows.ts";
import { dueCsv } from "../../../site_sym/src/maintenance/dueCsv.ts";
import { countStates, matching, planesOf, readFilter } from "../../../site_sym/src/maintenance/dueFilter.ts";
import { dueSentence, dueWords, expectedDays, intervalWords, leading, rangeWords, usedShare } from "../../../site_sym/src/maintenance/dueWords.ts";

const TODAY = "2026-11-27";
const HOUR = 3600;

const NONE: DueItem = {
  item_id: "i",
  fleet_id: "f",
  plane_id: "p",
  registration: "D-EKLM",
  component_id: null,
  name: "100 h check",
  meter_id: "m",
  counts_from: null,
  interval_seconds: null,
  interval_months: null,
  interval_days: null,
  tolerance_seconds: 0,
  tolerance_days: 0,
  warning_seconds: 10 * HOUR,
  warning_days: 30,
  anchor: "from_completion",
  note: null,
  created_at: "2026-01-01T00:00:00Z",
  status: "ok",
  missing: null,
  last_completion_id: "c",
  last_done_on: "2026-05-31",
  last_done_seconds: 4700 * HOUR,
  now_seconds: null,
  due_seconds: null,
  remaining_seconds: null,
  due_on: null,
  remaining_days: null,
  projected_from: null,
  projected_to: null,
  urgency: 0,
};

/** An item due by hours, with so many left. */
function byHours(left: number, more: Partial<DueItem> = {}): DueItem {
  return { ...NONE, interval_seconds: 100 * HOUR, now_seconds: (4800 - left) * HOUR, due_seconds: 4800 * HOUR, remaining_seconds: left * HOUR, ...more };
}

/** An item due on a day, so many days from today. */
function byCalendar(remaining_days: number, due_on: string, more: Partial<DueItem> = {}): DueItem {
  return { ...NONE, name: "Annual", meter_id: null, interval_months: 12, due_on, remaining_days, ...more };
}

const sentence = (item: DueItem) => dueSentence(item, "tenths", TODAY);
const both = (item: DueItem) => {
  const { left, when, also } = dueWords(item, "tenths", TODAY);
  return [left, when, also];
};

test("the sentence on a card says what, how much is left and about when", () => {
  assert.equal(sentence(byHours(12.4, { projected_from: "2026-12-14", projected_to: "2026-12-29" })), "100 h check in 12.4 h, about 14 to 29 December");
  assert.equal(sentence(byHours(12.4)), "100 h check in 12.4 h");
  assert.equal(sentence(byCalendar(12, "2026-12-09")), "Annual in 12 days, on 9 December");
  assert.equal(sentence(byCalendar(1, "2026-11-28")), "Annual tomorrow, on 28 November");
  assert.equal(sentence(byCalendar(0, TODAY)), "Annual today");
  assert.equal(sentence(byCalendar(-1, "2026-11-26")), "Annual overdue by 1 day, since 26 November");
  assert.equal(sentence(byCalendar(400, "2028-01-01")), "Annual in 400 days, on 1 January 2028");
});

test("hours that ran out are due within the tolerance and overdue after it, and never rounded to nothing", () => {
  assert.equal(sentence(byHours(0)), "100 h check due now");
  assert.equal(sentence(byHours(-2.1, { tolerance_seconds: 10 * HOUR })), "100 h check due, 2.1 h into a tolerance of 10.0 h");
  assert.equal(sentence(byHours(-10.1, { tolerance_seconds: 10 * HOUR })), "100 h check overdue by 10.1 h");
  assert.equal(sentence(byHours(0.01)), "100 h check in less than 0.1 h");
  assert.equal(sentence(byHours(-0.01)), "100 h check overdue by less than 0.1 h");
  assert.equal(dueSentence(byHours(0.5), "hhmm", TODAY), "100 h check in 0:30");
  assert.equal(sentence(byCalendar(-3, "2026-11-24", { tolerance_days: 30 })), "Annual due, 3 days into a tolerance of 30 days, since 24 November");
});

test("what is missing is said, with what is known all the same", () => {
  const unknown = { ...NONE, status: "unknown", missing: "completion", last_completion_id: null, last_done_on: null } as const;
  assert.equal(sentence(unknown), "100 h check: when was it last done?");
  assert.deepEqual(both(byCalendar(96, "2027-03-03", { status: "unknown", missing: "meter_figure" })), [
    "the meter figure then is not known",
    "",
    "on 3 March 2027 at the latest",
  ]);
  assert.equal(usedShare(unknown), null);
});

test("a range is said as people say it", () => {
  const range = (from: string, to: string) => rangeWords(from, to, TODAY);
  assert.equal(range("2026-12-14", "2026-12-14"), "about 14 December");
  assert.equal(range("2026-12-14", "2026-12-29"), "about 14 to 29 December");
  assert.equal(range("2026-12-14", "2027-01-09"), "about 14 December to 9 January 2027");
  assert.equal(range("2027-01-09", "2027-02-02"), "about 9 January to 2 February 2027");
  assert.equal(range("2027-03-02", "2027-03-28"), "in March 2027");
  assert.equal(range("2026-12-01", "2026-12-31"), "in December");
  assert.equal(range("2027-11-27", "2028-03-01"), "about 27 November 2027 to 1 March 2028");
  assert.equal(range("2027-11-28", "2028-03-01"), "not within a year at the present rate");
});

test("of hours and calendar the one that comes first is said first", () => {
  const two = (hours: number, days: number, due_on: string, more: Partial<DueItem> = {}) => byHours(hours, { interval_months: 12, remaining_days: days, due_on, ...more });
  assert.deepEqual(both(two(12.4, 96, "2027-03-03", { projected_from: "2026-12-14", projected_to: "2026-12-29" })), [
    "in 12.4 h",
    "about 14 to 29 December",
    "on 3 March 2027 at the latest",
  ]);
  // The range ends where the calendar does: the hours are not used up before.
  assert.deepEqual(both(two(80, 12, "2026-12-09", { projected_from: "2026-12-09", projected_to: "2026-12-09" })), ["in 12 days", "on 9 December", "80.0 h left"]);
  assert.deepEqual(both(two(-1, 96, "2027-03-03")), ["overdue by 1.0 h", "", ""]);
  assert.deepEqual(both(two(80, -2, "2026-11-25")), ["overdue by 2 days", "since 25 November", ""]);
  assert.deepEqual(both(two(-1, -2, "2026-11-25")), ["overdue by 1.0 h", "", "overdue by 2 days"]);
  // Not flown: thirty days weigh as much as ten hours.
  assert.equal(leading(two(20, 61, "2027-01-27")), "hours");
  assert.equal(leading(two(20, 59, "2027-01-25")), "calendar");
  assert.equal(leading(NONE), null);
});

test("the bar shows how much of the interval is used up, of hours or calendar the more", () => {
  assert.equal(usedShare(byHours(25)), 0.75);
  assert.equal(usedShare(byHours(-3)), 1);
  assert.equal(usedShare(byHours(130)), 0);
  assert.equal(usedShare(byCalendar(73, "2027-02-08", { last_done_on: "2026-02-08" })), 0.8);
  assert.equal(usedShare(byHours(90, { due_on: "2026-11-29", remaining_days: 2, last_done_on: "2026-11-09" })), 0.9);
});

test("an interval is said without fractions that it has not", () => {
  assert.equal(intervalWords(byHours(1), "tenths"), "100 h");
  assert.equal(intervalWords({ interval_seconds: 100 * HOUR, interval_months: 12, interval_days: null }, "hhmm"), "100 h or 12 months");
  assert.equal(intervalWords({ interval_seconds: 9000, interval_months: null, interval_days: null }, "tenths"), "2.5 h");
  assert.equal(intervalWords({ interval_seconds: 2000 * HOUR, interval_months: null, interval_days: null }, "tenths"), "2,000 h");
  assert.equal(intervalWords({ interval_seconds: null, interval_months: null, interval_days: 1 }, "tenths"), "1 day");
  assert.deepEqual(expectedDays(byHours(1, { projected_from: "2026-12-14", projected_to: "2026-12-29" })), ["2026-12-14", "to 2026-12-29"]);
  assert.deepEqual(expectedDays(byHours(1)), []);
});

test("a filter shows what the address says, and everything where it makes no sense", () => {
  const items: DueItem[] = [
    { ...NONE, item_id: "1", status: "overdue" },
    { ...NONE, item_id: "2", plane_id: "q", registration: "D-EABC", status: "ok" },
    { ...NONE, item_id: "3", plane_id: null, registration: null, status: "unknown" },
  ];
  const shown = (search: string) => matching(items, readFilter(new URLSearchParams(search))).map(({ item_id }) => item_id);
  assert.deepEqual(shown(""), ["1", "2", "3"]);
  assert.deepEqual(shown("plane=q"), ["2"]);
  assert.deepEqual(shown("plane=none&status=unknown"), ["3"]);
  assert.deepEqual(shown("status=overdue&plane=q"), []);
  assert.deepEqual(shown("status=late"), ["1", "2", "3"]);
  assert.deepEqual(planesOf(items).map(({ registration }) => registration), ["D-EABC", "D-EKLM", null]);
  assert.deepEqual(countStates(items), [
    { status: "overdue", count: 1 },
    { status: "unknown", count: 1 },
    { status: "ok", count: 1 },
  ]);
});

test("the CSV has the columns of the database, and no formula", () => {
  const [head = "", row = "", end] = dueCsv([byHours(12.4, { name: "=1+1", note: 'Work order "7", page 2' })]).split("\r\n");
  const cells = row.match(/("(?:[^"]|"")*"|[^,]*)(,|$)/g)?.map((cell) => cell.replace(/,$/, "")) ?? [];
  const cell = Object.fromEntries(head.replace("\uFEFF", "").split(",").map((name, i) => [name, cells[i]]));
  assert.equal(cell["name"], "'=1+1");
  assert.equal(cell["note"], '"Work order ""7"", page 2"');
  assert.equal(cell["remaining_seconds"], "44640");
  assert.equal(cell["due_on"], "");
  assert.deepEqual(head.replace("\uFEFF", "").split(",").toSorted(), Object.keys(NONE).toSorted());
  assert.equal(end, "");
});

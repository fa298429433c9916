// Runs with TZ=Europe/Berlin, so that "local" has a summer time to get wrong.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  daysBetween,
  formatDay,
  formatMoment,
  formatMonth,
  formatTime,
  isoDay,
  laterDay,
  monthBefore,
  startOfDay,
  timeZoneName,
} from "../../../site_sym/src/format/times.ts";

const NOW = new Date("2026-11-23T12:00:00Z");

test("UTC carries a Z, local time does not", () => {
  assert.equal(formatTime("2026-11-23T09:14:30Z", "utc"), "09:14Z");
  assert.equal(formatTime("2026-11-23T09:14:30Z", "local"), "10:14");
});

test("midnight is 00:00, never 24:00", () => {
  assert.equal(formatTime("2026-11-23T00:00:00Z", "utc"), "00:00Z");
  assert.equal(formatTime("2026-11-22T23:00:00Z", "local"), "00:00");
});

test("a day of another year shows its year", () => {
  assert.equal(formatDay("2026-09-02T10:00:00Z", "utc", NOW), "2 Sep");
  assert.equal(formatDay("2025-12-31T23:30:00Z", "utc", NOW), "31 Dec 2025");
});

test("the year turns at midnight of the zone that is shown", () => {
  assert.equal(formatDay("2025-12-31T23:30:00Z", "local", NOW), "1 Jan");
});

test("today and yesterday are named by the calendar, not by hours", () => {
  assert.equal(formatMoment("2026-11-23T00:01:00Z", "utc", NOW), "today 00:01Z");
  assert.equal(formatMoment("2026-11-22T23:59:00Z", "utc", NOW), "yesterday 23:59Z");
  assert.equal(formatMoment("2026-11-22T23:59:00Z", "local", NOW), "today 00:59");
  assert.equal(formatMoment("2026-11-20T08:02:00Z", "utc", NOW), "20 Nov 08:02Z");
});

test("a session past midnight is marked +1 in the zone in which it passes it", () => {
  assert.equal(laterDay("2026-11-22T22:48:00Z", "2026-11-23T00:31:00Z", "utc"), "+1");
  assert.equal(laterDay("2026-11-22T23:10:00Z", "2026-11-22T23:50:00Z", "utc"), "");
  assert.equal(laterDay("2026-11-22T22:48:00Z", "2026-11-22T23:31:00Z", "local"), "+1");
});

test("days are counted right across both changes of summer time", () => {
  assert.equal(daysBetween(new Date("2026-03-28T12:00:00Z"), new Date("2026-03-30T00:30:00Z"), "local"), 2);
  assert.equal(daysBetween(new Date("2026-10-24T12:00:00Z"), new Date("2026-10-26T00:30:00Z"), "local"), 2);
});

test("a day begins at midnight of the zone, with summer and with winter time", () => {
  assert.equal(startOfDay("2026-07-01", "utc"), "2026-07-01T00:00:00.000Z");
  assert.equal(startOfDay("2026-07-01", "local"), "2026-06-30T22:00:00.000Z");
  assert.equal(startOfDay("2026-10-25", "local", 1), "2026-10-25T23:00:00.000Z");
});

test("the calendar day of an instant is the zone's", () => {
  assert.equal(isoDay(new Date("2026-11-22T23:30:00Z"), "utc"), "2026-11-22");
  assert.equal(isoDay(new Date("2026-11-22T23:30:00Z"), "local"), "2026-11-23");
});

test("months keep three letters, and the database is asked in the reader's zone", () => {
  assert.equal(formatMonth("2026-09-01"), "Sep");
  assert.equal(timeZoneName("utc"), "UTC");
  assert.equal(timeZoneName("local"), "Europe/Berlin");
});

test("the month before January is last year's December", () => {
  assert.deepEqual(["2026-11-23", "2026-10-01", "2026-01-31"].map(monthBefore), ["2026-10-01", "2026-09-01", "2025-12-01"]);
});

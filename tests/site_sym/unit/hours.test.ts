import assert from "node:assert/strict";
import { test } from "node:test";

import {
  drumDigits,
  formatDifference,
  formatDuration,
  formatHours,
  formatHoursWithUnit,
  formatUncertainty,
  parseHours,
  shownRest,
  spokenHours,
} from "../../../site_sym/src/format/hours.ts";

test("hours are rounded once, to the nearest step of the format", () => {
  const seconds = 4812 * 3600 + 22 * 60 + 29;

  assert.equal(formatHours(seconds, "tenths"), "4812.4");
  assert.equal(formatHours(seconds, "hundredths"), "4812.37");
  assert.equal(formatHours(seconds, "hhmm"), "4812:22");
});

test("rounding up carries into the whole hours", () => {
  const seconds = 10 * 3600 - 1;

  assert.equal(formatHours(seconds, "tenths"), "10.0");
  assert.equal(formatHours(seconds, "hundredths"), "10.00");
  assert.equal(formatHours(seconds, "hhmm"), "10:00");
});

test("three sessions of 0.55 h add up before they are rounded", () => {
  const sessions = [1980, 1980, 1980];

  assert.equal(formatHours(sessions.reduce((sum, seconds) => sum + seconds), "tenths"), "1.7");
});

test("minutes need no unit, decimal hours do", () => {
  assert.equal(formatHoursWithUnit(5400, "tenths"), "1.5 h");
  assert.equal(formatHoursWithUnit(5400, "hhmm"), "1:30");
});

test("a negative difference keeps its sign and never shows a negative zero", () => {
  assert.equal(formatHours(-5400, "tenths"), "−1.5");
  assert.equal(formatHours(-10, "tenths"), "0.0");
});

test("the drums are five whole digits, the zeros before the first figure dimmed, and an inverted fraction", () => {
  const drums = drumDigits(61 * 3600 + 54 * 60, "tenths");

  assert.equal(drums.map(({ digit }) => digit).join(""), "000619");
  assert.deepEqual(drums.map(({ kind }) => kind), ["leading", "leading", "leading", "whole", "whole", "fraction"]);
});

test("no hours at all still show one zero undimmed", () => {
  const drums = drumDigits(0, "hhmm");

  assert.deepEqual(drums.map(({ kind }) => kind), ["leading", "leading", "leading", "leading", "whole", "fraction", "fraction"]);
});

test("the drums grow past 99,999 hours instead of rolling over", () => {
  assert.equal(drumDigits(123_456 * 3600, "tenths").map(({ digit }) => digit).join(""), "1234560");
});

test("a screen reader hears hours, not digits", () => {
  assert.equal(spokenHours(4812.4 * 3600, "tenths"), "4812.4 hours");
  assert.equal(spokenHours(4812 * 3600 + 120, "hhmm"), "4812 hours 2 minutes");
});

test("a duration is exact to the second, past a day and past an hour", () => {
  assert.deepEqual(formatDuration(2537), { minutes: "0:42", seconds: ":17" });
  assert.deepEqual(formatDuration(90_061), { minutes: "25:01", seconds: ":01" });
  assert.deepEqual(formatDuration(0), { minutes: "0:00", seconds: ":00" });
});

test("typed hours are read as tenths, hundredths or minutes, with a point or a comma", () => {
  assert.equal(parseHours(" 4813.9 "), 17_330_040);
  assert.equal(parseHours("4813,95"), 17_330_220);
  assert.equal(parseHours("4813:54"), 17_330_040);
  assert.equal(parseHours("0"), 0);
});

test("what is no meter's figure is refused", () => {
  for (const text of ["", "-1", "4813.999", "4813:60", "4.813,9", "1e3", "12345678"]) assert.equal(parseHours(text), null, text);
});

test("a difference says its sign, unless it rounds to nothing", () => {
  assert.equal(formatDifference(5400, "tenths"), "+1.5");
  assert.equal(formatDifference(-5400, "hhmm"), "−1:30");
  assert.equal(formatDifference(30, "tenths"), "0.0");
});

test("an uncertainty is rounded up, so that it stays true", () => {
  assert.equal(formatUncertainty(60), "±60 s");
  assert.equal(formatUncertainty(2401), "±41 min");
  assert.equal(formatUncertainty(8601), "±2.4 h");
  assert.equal(formatUncertainty(300_000), "±4 days");
});

test("a meter reading and the hours counted since add up to the drum as they are shown", () => {
  const [reading, total] = [4512 * 3600 + 1620, 4939 * 3600 + 900]; // 4512.45 h and 4939.25 h; 426.8 h between them
  assert.equal(formatHours(total, "tenths"), "4939.3");
  assert.equal(formatHours(reading, "tenths"), "4512.5");
  assert.equal(formatHours(shownRest(total, reading, "tenths"), "tenths"), "426.8");
  assert.equal(formatHours(shownRest(total + 180, reading - 1, "tenths"), "tenths"), "426.9");
  assert.equal(formatHours(shownRest(total, 0, "hhmm"), "hhmm"), formatHours(total, "hhmm"));
});

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  drumDigits,
  formatDifference,
  formatDuration,
  formatHours,
  formatHoursAtMost,
  formatHoursWithUnit,
  formatMeter,
  formatMeterWithUnit,
  parseHours,
  parseMeter,
  shownRest,
  HOURS_FORMATS,
  spokenHours,
} from "../../../site_sym/src/format/hours.ts";
import { plural } from "../../../site_sym/src/format/plural.ts";

test("hours are rounded once, to the nearest step of the format", () => {
  const seconds = 4812 * 3600 + 22 * 60 + 29;

  assert.equal(formatHours(seconds, "tenths"), "4,812.4");
  assert.equal(formatHours(seconds, "hundredths"), "4,812.37");
  assert.equal(formatHours(seconds, "hhmm"), "4,812:22");
});

test("rounding up carries into the whole hours", () => {
  const seconds = 10 * 3600 - 1;

  assert.equal(formatHours(seconds, "tenths"), "10.0");
  assert.equal(formatHours(seconds, "hundredths"), "10.00");
  assert.equal(formatHours(seconds, "hhmm"), "10:00");
});

test("a meter is cut off: it shows the step that is complete, and a second before it the one before", () => {
  const tenth = 4813 * 3600 + 9 * 360;

  assert.equal(formatMeter(tenth, "tenths"), "4813.9");
  assert.equal(formatMeter(tenth - 1, "tenths"), "4813.8");
  assert.equal(formatMeter(tenth + 359, "tenths"), "4813.9");
  assert.equal(formatMeter(tenth + 359, "hundredths"), "4813.99");
  assert.equal(formatMeter(tenth + 359, "hhmm"), "4813:59");
  assert.equal(formatMeterWithUnit(10 * 3600 - 1, "tenths"), "9.9 h");
  assert.equal(formatMeterWithUnit(10 * 3600 - 1, "hhmm"), "9:59");
});

test("the drum, its words and the figure in a list are one", () => {
  for (let seconds = 0; seconds < 7200; seconds += 7) {
    for (const format of HOURS_FORMATS) {
      const figure = formatMeter(seconds, format);
      const drums = drumDigits(seconds, format);

      assert.equal(drums.filter(({ kind }) => kind !== "leading").map(({ digit }) => digit).join(""), figure.replace(/[.:]/, ""));
      if (format !== "hhmm") assert.equal(spokenHours(seconds, format), `${figure} hours`);
    }
  }
});

test("what is typed in a format stands on the drum as typed", () => {
  for (const [text, format] of [["4813.9", "tenths"], ["0.7", "tenths"], ["4813.95", "hundredths"], ["99999.99", "hundredths"], ["4813:59", "hhmm"]] as const) {
    assert.equal(formatMeter(parseMeter(text) ?? 0, format), text);
  }
});

test("thousands are grouped, in hours and in counts", () => {
  assert.equal(formatHours(999.9 * 3600, "tenths"), "999.9");
  assert.equal(formatHours(1000 * 3600, "tenths"), "1,000.0");
  assert.equal(formatHours(-1234.5 * 3600, "tenths"), "−1,234.5");
  assert.equal(formatHoursWithUnit(8543.4 * 3600, "tenths"), "8,543.4 h");
  assert.equal(formatDifference(1_234_567 * 3600, "hundredths"), "+1,234,567.00");
  assert.deepEqual(formatDuration(8543 * 3600 + 61), { minutes: "8,543:01", seconds: ":01" });
  assert.deepEqual([0, 999, 1000, 1_126_000].map((count) => plural(count, "day")), ["0 days", "999 days", "1,000 days", "1,126,000 days"]);
});

test("a bound is rounded up, so that it stays true", () => {
  assert.equal(formatHoursAtMost(1, "tenths"), "0.1 h");
  assert.equal(formatHoursAtMost(360, "tenths"), "0.1 h");
  assert.equal(formatHoursAtMost(4681, "hundredths"), "1.31 h");
  assert.equal(formatHoursAtMost(61, "hhmm"), "0:02");
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

test("pasted hours may have their thousands grouped", () => {
  assert.equal(parseHours("4,812.4"), parseHours("4812.4"));
  assert.equal(parseHours(" 123,456.78 "), parseHours("123456.78"));
  assert.equal(parseHours("4,813:54"), parseHours("4813:54"));
});

test("what is no figure of hours is refused, and so is what could be four hours or four thousand", () => {
  for (const text of ["", "-1", "4813.999", "4813:60", "4.813,9", "1e3", "12345678", "4,813", "48,12.4", "4,8123.4", "1,234,567.8", ",812.4"]) assert.equal(parseHours(text), null, text);
});

test("a meter's figure may be copied with its thousands apart and its unit", () => {
  for (const text of ["4,813.9", "4.813,9", "4 813.9", "4’813,9", "4'813.9", "4\u202f813,9", "4,813:54", "4813.9 h", "4813,9H"]) {
    assert.equal(parseMeter(text), 17_330_040, text);
  }
  assert.equal(parseMeter("4,813"), 4813 * 3600);
  assert.equal(parseMeter("4.813"), 4813 * 3600);
  assert.equal(parseMeter("4813:54"), 17_330_040);
});

test("what could be read in two ways is read in none", () => {
  for (const text of ["", "4.813.9", "4,813,9", "0.813", "1,234,567.8", "4 81.9", "4813.999", "12,34.5", "h"]) assert.equal(parseMeter(text), null, text);
});

test("a difference says its sign, unless it rounds to nothing", () => {
  assert.equal(formatDifference(5400, "tenths"), "+1.5");
  assert.equal(formatDifference(-5400, "hhmm"), "−1:30");
  assert.equal(formatDifference(30, "tenths"), "0.0");
});

test("a meter reading and the hours counted since add up to the drum as they are shown", () => {
  const [reading, total] = [4512 * 3600 + 1620, 4939 * 3600 + 900]; // 4512.45 h and 4939.25 h; 426.8 h between them
  assert.equal(formatMeter(total, "tenths"), "4939.2");
  assert.equal(formatMeter(reading, "tenths"), "4512.4");
  assert.equal(formatHours(shownRest(total, reading, "tenths"), "tenths"), "426.8");
  assert.equal(formatHours(shownRest(total + 180, reading - 181, "tenths"), "tenths"), "427.0");
  assert.equal(formatHours(shownRest(total, 0, "hhmm"), "hhmm"), "4,939:15");
});

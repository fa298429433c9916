import assert from "node:assert/strict";
import { test } from "node:test";

import type { Session } from "../../../site_sym/src/data/rows.ts";
import { fromInputTime, parseDuration, toInputDuration, toInputTime } from "../../../site_sym/src/format/inputTime.ts";
import { changesOf, saidOf, toEntry } from "../../../site_sym/src/sessions/sessionEdits.ts";
import { afterCursor } from "../../../site_sym/src/sessions/sessionOrder.ts";

const START = "2026-11-23T09:00:00+00:00";
const SESSION = { class: null, pilot: "A. Roth", remarks: null, excluded: false, effective_start: START, corrected: true, clock_checked: true } as Session;

test("a time goes into an input and comes back to the second", () => {
  assert.equal(toInputTime("2026-11-23T23:30:05Z", "utc"), "2026-11-23 23:30:05");
  assert.equal(toInputTime("2026-11-23T23:30:05Z", "local"), "2026-11-24 00:30:05");
  assert.equal(fromInputTime("2026-11-24T00:30:05", "local"), "2026-11-23T23:30:05.000Z");
  assert.equal(toInputTime("2026-11-23T23:30:00Z", "utc"), "2026-11-23 23:30");
  for (const text of ["2026-11-23 23:30", " 2026-11-23  23:30:00 ", "2026-11-23T23:30"]) {
    assert.equal(fromInputTime(text, "utc"), "2026-11-23T23:30:00.000Z", text);
  }
});

test("what is no time is none", () => {
  assert.equal(fromInputTime("", "utc"), null);
  for (const text of ["tomorrow", "2026-02-30 10:00", "2026-11-23 24:00", "2026-11-23 9:14 PM", "2026-11-23"]) {
    assert.equal(fromInputTime(text, "local"), null, text);
    assert.equal(fromInputTime(text, "utc"), null, text);
  }
});

test("durations are read as people write them", () => {
  for (const [text, seconds] of [["1:24", 5040], ["1:24:30", 5070], ["1.4", 5040], ["1,4", 5040], ["0:00:05", 5]] as const) {
    assert.equal(parseDuration(text), seconds, text);
  }
  for (const text of ["", "1:60", "1:2", "-1:00", "ninety"]) assert.equal(parseDuration(text), null, text);
});

test("a duration in an input reads back as the same seconds", () => {
  for (const seconds of [1, 59, 60, 3600, 5070, 360_000]) assert.equal(parseDuration(toInputDuration(seconds)), seconds);
});

test("a corrected start is said, and needs no check of the clock beside it", () => {
  assert.deepEqual(saidOf(SESSION), {
    class: null,
    pilot: "A. Roth",
    remarks: null,
    excluded: false,
    corrected_start: START,
    clock_checked: false,
  });
});

test("only what was changed is sent", () => {
  const before = saidOf(SESSION);

  assert.deepEqual(changesOf(before, { ...before, pilot: null, class: "flight" }), { pilot: null, class: "flight" });
  assert.equal(changesOf(before, { ...before }), null);
});

test("a device's session is no entry by hand", () => {
  assert.equal(toEntry({ ...SESSION, quality: "measured", plane_id: "p" }), null);
});

test("the next page goes on after equal starts by id", () => {
  const cursor = { start: START, id: "s1", key: null };

  assert.equal(
    afterCursor(cursor, { by: "start", descending: true }),
    `effective_start.lt."${START}",and(effective_start.eq."${START}",entry_id.lt.s1)`,
  );
  assert.match(afterCursor(cursor, { by: "start", descending: false }), /^effective_start\.gt\..*entry_id\.gt\.s1\)$/);
});

test("names that would end a condition are quoted, and those without a name come last", () => {
  const named = afterCursor({ start: START, id: "s1", key: 'O"Neil, (J)' }, { by: "pilot", descending: false });
  const unnamed = afterCursor({ start: START, id: "s1", key: null }, { by: "pilot", descending: false });

  assert.ok(named.startsWith('pilot.gt."O\\"Neil, (J)",pilot.is.null,'));
  assert.ok(unnamed.startsWith("and(pilot.is.null,effective_start.lt."));
});

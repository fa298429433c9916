import assert from "node:assert/strict";
import { test } from "node:test";

import type { LogEntry } from "../../../site_sym/src/data/rows.ts";
import { lastFlight } from "../../../site_sym/src/planes/lastFlight.ts";
import { doubtOf, type Known, otherWith, slipOf } from "../../../site_sym/src/planes/readingCheck.ts";

const HOUR = 3600;
const hours = (figure: number) => Math.round(figure * HOUR);
/** Read at 4800.0, and 13.9 h counted since. */
const known: Known = { expected: hours(4813.9), uncertainty: 0, before: hours(4800), after: null };

test("what was expected, and an hour or two beside it, is no question", () => {
  for (const figure of [4813.9, 4813.8, 4815.9, 4811.9, 4823.9, 4803.9]) assert.equal(doubtOf(hours(figure), known), null, String(figure));
});

test("further off than ten hours, or than was counted since, is asked about", () => {
  assert.equal(doubtOf(hours(4824), known), "far");
  assert.equal(doubtOf(hours(48_139), known), "far");
  const soon: Known = { ...known, expected: hours(4801.5) };
  assert.equal(doubtOf(hours(4803.5), soon), null);
  assert.equal(doubtOf(hours(4803.6), soon), "far");
});

test("an uncertainty widens what is taken", () => {
  assert.equal(doubtOf(hours(4825), { ...known, uncertainty: hours(1.2) }), null);
  assert.equal(doubtOf(hours(4825.2), { ...known, uncertainty: hours(1.2) }), "far");
});

test("lower than the last reading is asked about from a tenth on", () => {
  assert.equal(doubtOf(hours(4799.9), known), "lower");
  assert.equal(doubtOf(hours(4800) - 180, { ...known, expected: hours(4800.5) }), null);
});

test("a reading of the past is held against the one that follows, too", () => {
  const past: Known = { ...known, after: hours(4814) };
  assert.equal(doubtOf(hours(4814), past), null);
  assert.equal(doubtOf(hours(4814.1), past), "higher");
});

test("a first reading has nothing to be held against, and an unknown figure only the last reading", () => {
  assert.equal(doubtOf(hours(48_139), { expected: hours(1.5), uncertainty: 0, before: null, after: null }), null);
  assert.equal(doubtOf(hours(9000), { ...known, expected: null }), null);
  assert.equal(doubtOf(hours(4700), { ...known, expected: null }), "lower");
});

test("the slip that makes the figure fit is named", () => {
  assert.deepEqual(slipOf("48139", known), { kind: "point", seconds: hours(4813.9) });
  assert.deepEqual(slipOf("481390", known), { kind: "point", seconds: hours(4813.9) });
  assert.deepEqual(slipOf("4831.9", known), { kind: "swapped", seconds: hours(4813.9) });
  assert.deepEqual(slipOf("8413,9", known), { kind: "swapped", seconds: hours(4813.9) });
  assert.deepEqual(slipOf("4913.9", known), { kind: "digit", seconds: hours(4813.9) });
  assert.deepEqual(slipOf("4873:54", known), { kind: "digit", seconds: hours(4813.9) });
});

test("what no slip of a finger explains is called none", () => {
  for (const typed of ["2290.2", "4950", "1", ""]) assert.equal(slipOf(typed, known), null, typed);
  assert.equal(slipOf("48139", { ...known, expected: null, before: null }), null);
});

test("a slip never leads below the last reading or above the next", () => {
  for (let tenths = 0; tenths < 100_000; tenths += 37) {
    const typed = (tenths / 10).toFixed(1);
    const slip = slipOf(typed, { ...known, after: hours(4815) });

    if (slip === null) continue;
    assert.ok(slip.seconds >= hours(4800) && slip.seconds <= hours(4815), typed);
    assert.equal(doubtOf(slip.seconds, { ...known, after: hours(4815) }), null, typed);
  }
});

test("another plane is named where its meter is that far", () => {
  const others = [
    { registration: "D-EABC", meter_seconds: hours(2290.2) },
    { registration: "D-EXYZ", meter_seconds: null },
    { registration: "D-EKVX", meter_seconds: hours(2291) },
  ];

  assert.equal(otherWith(hours(2290.2), others)?.registration, "D-EABC");
  assert.equal(otherWith(hours(2293.1), others), null);
  assert.equal(otherWith(hours(2290), []), null);
});

const entry = (fields: Partial<LogEntry>) => ({ state: "ended", excluded: false, class: null, suggested_class: null, ...fields }) as LogEntry;

test("the last flight is the newest that is over, counts, and was said to be none other", () => {
  const [running, excluded, ground, flight] = [entry({ state: "running" }), entry({ excluded: true, class: "flight" }), entry({ class: "ground_run" }), entry({ class: "flight" })];

  assert.deepEqual(lastFlight([running, excluded, ground, flight]), { entry: flight, isFlight: true });
  assert.deepEqual(lastFlight([entry({ suggested_class: "flight" })])?.isFlight, true);
  assert.deepEqual(lastFlight([entry({ class: "ground_run", suggested_class: "flight" })])?.isFlight, false);
});

test("what nobody classed is the last session, and so is a ground run where there is nothing else", () => {
  const [open, ground] = [entry({}), entry({ class: "ground_run" })];

  assert.deepEqual(lastFlight([ground, open]), { entry: open, isFlight: false });
  assert.deepEqual(lastFlight([ground]), { entry: ground, isFlight: false });
  assert.equal(lastFlight([entry({ state: "running" })]), null);
  assert.equal(lastFlight([]), null);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import type { MonthVoltages } from "../../../site_sym/src/data/rows.ts";
import { conclusions, formatVolts } from "../../../site_sym/src/planes/busWords.ts";

function month(fields: Partial<MonthVoltages>): MonthVoltages {
  return {
    month: "2026-11-01",
    sensed_sessions: 9,
    engine_sessions: 9,
    bus_start_mv: 12_650,
    bus_min_mv: 9_400,
    bus_max_mv: 14_200,
    system_volts: 12,
    ...fields,
  };
}

const said = (...months: MonthVoltages[]) => conclusions(months).map(({ text }) => text);
const warned = (...months: MonthVoltages[]) => conclusions(months).filter(({ warns }) => warns).map(({ text }) => text);

test("volts have one place", () => {
  assert.equal(formatVolts(12_149), "12.1 V");
  assert.equal(formatVolts(12_150), "12.2 V");
});

test("a battery and an alternator in order are said to be, without a warning", () => {
  assert.deepEqual(said(month({})), ["12.7 V at rest: full", "9.4 V while cranking: good", "14.2 V charging: good"]);
  assert.deepEqual(warned(month({})), []);
});

for (const [mv, word, warns] of [
  [13_300, "full, or a lithium battery", false],
  [12_600, "full", false],
  [12_549, "about three quarters full", false],
  [12_249, "about half full", false],
  [11_949, "low, charge it", true],
  [11_749, "empty, charge it and have it tested", true],
] as const) {
  test(`${mv} mV at rest is ${word}, and so is twice that on 24 V`, () => {
    const on12 = month({ bus_start_mv: mv });
    const on24 = month({ bus_start_mv: 2 * mv, system_volts: 24, bus_min_mv: 19_000, bus_max_mv: 28_400 });

    assert.equal(said(on12)[0], `${formatVolts(mv)} at rest: ${word}`);
    assert.equal(said(on24)[0], `${formatVolts(2 * mv)} at rest: ${word}`);
    assert.equal(warned(on12).length, warns ? 1 : 0);
    assert.equal(warned(on24).length, warns ? 1 : 0);
  });
}

test("two medians that read the same have the same word", () => {
  assert.deepEqual(said(month({ bus_start_mv: 12_260 }))[0], "12.3 V at rest: about three quarters full");
  assert.deepEqual(warned(month({ bus_max_mv: 13_560 })), []);
});

test("an alternator that charges too low or too high is to be looked at", () => {
  assert.deepEqual(warned(month({ bus_max_mv: 13_200 })), ["13.2 V charging: low, have the alternator looked at"]);
  assert.deepEqual(warned(month({ bus_max_mv: 15_100 })), ["15.1 V charging: high, have the regulator looked at"]);
});

test("a battery that gives way to the starter is to be tested", () => {
  assert.deepEqual(warned(month({ bus_min_mv: 8_400 })), ["8.4 V while cranking: low, have the battery tested"]);
});

test("nothing is concluded from fewer than three sessions; the newest month with enough speaks", () => {
  const bad = { bus_start_mv: 11_000, bus_min_mv: 5_000, bus_max_mv: 12_000 };

  assert.deepEqual(said(month({ ...bad, sensed_sessions: 2, engine_sessions: 2 })), []);
  assert.deepEqual(warned(month({}), month({ ...bad, sensed_sessions: 2, engine_sessions: 1 })), []);
  assert.equal(warned(month({}), month({ ...bad, sensed_sessions: 3, engine_sessions: 3 })).length, 3);
  assert.deepEqual(
    conclusions([month({ month: "2026-10-01", engine_sessions: 7 }), month({ sensed_sessions: 4, engine_sessions: 2 })]).map((one) => [one.month, one.sessions]),
    [["2026-11-01", 4], ["2026-10-01", 7], ["2026-10-01", 7]],
  );
});

test("where the engine never ran only the battery is spoken of", () => {
  assert.deepEqual(said(month({ engine_sessions: 0, bus_min_mv: null, bus_max_mv: null })), ["12.7 V at rest: full"]);
});

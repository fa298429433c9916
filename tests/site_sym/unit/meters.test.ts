import assert from "node:assert/strict";
import { test } from "node:test";

import type { Meter } from "../../../site_sym/src/data/rows.ts";
import { formatRatio, meterBasis, ratioWords } from "../../../site_sym/src/planes/meterWords.ts";

const HOUR = 3600;
const NOW = new Date("2026-11-23T12:00:00Z");
const tach = {
  source: "estimated",
  total_seconds: 1008 * HOUR,
  uncertainty_seconds: 360,
  uncertainty_less_seconds: 360,
  reading_seconds: 1000 * HOUR,
  reading_as_of: "2026-11-03T12:00:00Z",
  not_sensed_seconds: null,
  ratio: 0.8,
  ratio_low: 0.7915,
  ratio_high: 0.8085,
  ratio_readings: 5,
} as Meter;
const basis = (meter: Meter) => meterBasis(meter, "tenths", "utc", NOW);

test("a ratio has three decimals at most, and its band is never shown narrower than it is", () => {
  assert.equal(formatRatio(0.8), "0.8");
  assert.equal(formatRatio(0.83216), "0.832");
  assert.equal(formatRatio(1.1, Math.ceil), "1.1");
  assert.equal(ratioWords(tach), "Ratio 0.8 (0.791 to 0.809), learned from 5 readings");
});

test("a ratio that was entered says from when on it is learned, and no other meter has one", () => {
  assert.equal(ratioWords({ ...tach, ratio_low: null, ratio_high: null, ratio_readings: null }), "Ratio 0.8, entered; learned from three readings on");
  assert.equal(ratioWords({ ...tach, source: "engine", ratio: null }), null);
});

test("a meter's figure is its reading and what came since, with its uncertainty", () => {
  assert.match(basis(tach)[0] ?? "", /^Reading 1000\.0 h on .*3.* \+ 8\.0 h since · ±0\.1 h$/);
  assert.equal(basis({ ...tach, reading_seconds: null, reading_as_of: null, uncertainty_seconds: 0, uncertainty_less_seconds: 0 })[0], "1,008.0 h counted, no reading yet");
});

test("powered time can only be more, apart from sessions whose start is an estimate", () => {
  const powered = { ...tach, source: "powered", ratio: null, uncertainty_seconds: 4680, uncertainty_less_seconds: 0 } as Meter;
  assert.match(basis(powered)[0] ?? "", /since · at most 1\.3 h more$/);
  assert.match(basis({ ...powered, uncertainty_less_seconds: 1400 })[0] ?? "", /since · at most 1\.3 h more or 0\.4 h less$/);
});

test("what is missing is said: a reading, or time that was not sensed", () => {
  assert.match(basis({ ...tach, total_seconds: null, reading_seconds: null })[0] ?? "", /^Needs a reading/);
  assert.equal(basis({ ...tach, not_sensed_seconds: 1.5 * HOUR }).at(-1), "1.5 h with power were not sensed and are missing here.");
});

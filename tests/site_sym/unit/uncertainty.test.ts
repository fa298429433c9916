import assert from "node:assert/strict";
import { test } from "node:test";

import { exactSeconds, startUncertainty, uncertaintyWords } from "../../../site_sym/src/format/uncertainty.ts";

test("a total can only be more than it shows, in the unit in which it is shown, rounded up", () => {
  assert.equal(uncertaintyWords(4680, 0, "tenths"), "at most 1.3 h more");
  assert.equal(uncertaintyWords(4681, 0, "tenths"), "at most 1.4 h more");
  assert.equal(uncertaintyWords(4681, 0, "hundredths"), "at most 1.31 h more");
  assert.equal(uncertaintyWords(4681, 0, "hhmm"), "at most 1:19 more");
  assert.equal(uncertaintyWords(60, 0, "seconds"), "at most 60 s more");
});

test("it goes both ways only where something can be less, too", () => {
  assert.equal(uncertaintyWords(4680, 1400, "tenths"), "at most 1.3 h more or 0.4 h less");
  assert.equal(uncertaintyWords(0, 1400, "tenths"), "at most 0.4 h less");
  assert.equal(uncertaintyWords(1400, 1400, "tenths"), "±0.4 h");
  assert.equal(uncertaintyWords(1400, 1100, "tenths"), "±0.4 h");
});

test("nothing in doubt says nothing", () => {
  assert.equal(uncertaintyWords(0, 0, "tenths"), "");
  assert.equal(exactSeconds(5070, null), "5,070 s");
  assert.equal(exactSeconds(5070, 0), "5,070 s");
});

test("a session's seconds can only be more, by what its last checkpoint missed", () => {
  assert.equal(exactSeconds(5070, 60), "5,070 s, at most 60 s more");
  assert.equal(exactSeconds(17, 1), "17 s, at most 1 s more");
});

test("an estimated start may be earlier or later, in the unit that fits, rounded up", () => {
  assert.equal(startUncertainty(60), "±60 s");
  assert.equal(startUncertainty(2401), "±41 min");
  assert.equal(startUncertainty(8601), "±2.4 h");
  assert.equal(startUncertainty(300_000), "±4 days");
  assert.equal(startUncertainty(1126 * 86_400), "±1,126 days");
});

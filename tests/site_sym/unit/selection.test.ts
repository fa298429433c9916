import assert from "node:assert/strict";
import { test } from "node:test";

import { NOTHING_SELECTED, type Selection, toggled } from "../../../site_sym/src/sessions/sessionSelection.ts";

const SHOWN = ["a", "b", "c", "d", "e"];
const after = (...clicks: [id: string, isRange: boolean][]) =>
  clicks.reduce((selection: Selection, [id, isRange]) => toggled(selection, SHOWN, id, isRange), NOTHING_SELECTED);

test("a click ticks one session, a second click takes it back", () => {
  assert.deepEqual([...after(["b", false]).ids], ["b"]);
  assert.deepEqual([...after(["b", false], ["b", false]).ids], []);
});

test("a range goes from the last click in either direction and keeps what was ticked before", () => {
  assert.deepEqual([...after(["b", false], ["d", true]).ids], ["b", "c", "d"]);
  assert.deepEqual([...after(["a", false], ["e", false], ["c", true]).ids].sort(), ["a", "c", "d", "e"]);
});

test("a range that ends on a ticked session unticks the range", () => {
  assert.deepEqual([...after(["a", false], ["e", true], ["c", false], ["e", true]).ids], ["a", "b"]);
});

test("a range without a beginning, or whose beginning left the list, is a click", () => {
  assert.deepEqual([...after(["c", true]).ids], ["c"]);
  assert.deepEqual([...toggled({ ids: new Set(["x"]), anchor: "x" }, SHOWN, "c", true).ids], ["x", "c"]);
});

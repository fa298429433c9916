// The chart's own scales against d3's, which the pages that are fetched later use.
import assert from "node:assert/strict";
import { test } from "node:test";

// @ts-expect-error Types stand beside the packages' names, which mean nothing in this folder.
import * as scales from "../../../site_sym/node_modules/d3-scale/dist/d3-scale.mjs";
// @ts-expect-error
import * as shapes from "../../../site_sym/node_modules/d3-shape/dist/d3-shape.mjs";
import { scaleBand, scaleLinear, stack } from "../../../site_sym/src/charts/scales.ts";

const d3 = { ...scales, ...shapes };

/** Figures of every size, the same in each run: the pages show hours from a tenth to ten thousands. */
function* figures(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield 1.07 ** (i % 180) * (1 + ((i * 7919) % 1000) / 1000);
}

const close = (one: number, other: number) => assert.ok(Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(other)), `${one}, not ${other}`);

test("round figures and where they lie are d3's", () => {
  for (const top of figures(400)) {
    for (const [low, count] of [[0, 4], [0, 3], [-top / 3, 5]] as const) {
      const ours = scaleLinear([low, top], [190, 20]).nice(count);
      const theirs = d3.scaleLinear([low, top], [190, 20]).nice(count);

      const [ticks, expected] = [ours.ticks(count), theirs.ticks(count)];
      assert.equal(ticks.length, expected.length, `${low} to ${top}`);
      ticks.forEach((tick, i) => close(tick, expected[i]));
      for (const value of [0, top / 3, top]) close(ours(value), theirs(value));
    }
  }
});

test("bands are d3's, of no name, of one and of many, also where the margins leave no room", () => {
  for (const range of [[34, 558], [34, -2], [34, 34]] as const) {
    for (let count = 0; count < 14; count++) {
      const names = Array.from({ length: count }, (_, i) => `2026-${i}`);
      const ours = scaleBand(names, range).paddingInner(0.34).paddingOuter(0.17);
      const theirs = d3.scaleBand(names, range).paddingInner(0.34).paddingOuter(0.17);

      close(ours.step(), theirs.step());
      close(ours.bandwidth(), theirs.bandwidth());
      for (const name of names) close(ours(name) ?? Number.NaN, theirs(name));
      assert.equal(ours("another"), undefined);
    }
  }
});

test("layers are d3's", () => {
  const rows = [...figures(12)].map((one, i) => ({ a: one, b: i % 3 ? one * 2 : 0, c: 1 }) as Record<string, number>);
  const keys = ["a", "b", "c"];
  const value = (row: Record<string, number>, key: string) => row[key] ?? 0;

  const ours = stack<Record<string, number>, string>().keys(keys).value(value)(rows);
  const theirs = d3.stack().keys(keys).value(value)(rows);

  assert.deepEqual(ours.map((layer) => layer.key), keys);
  ours.forEach((layer, i) =>
    layer.forEach((segment, j) => {
      assert.equal(segment.data, rows[j]);
      close(segment[0], theirs[i][j][0]);
      close(segment[1], theirs[i][j][1]);
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";

import type { BootGap, Session } from "../../../site_sym/src/lib/model.ts";
import { isOpen, itemKey, reviewItem } from "../../../site_sym/src/lib/review.ts";

const SESSION = { id: "s1", quality: "clock_estimated", duplicateOf: null } as Session;

test("a session is reviewed for what is gravest about it", () => {
  const entered: Session = { ...SESSION, quality: "hand_entered", duplicateOf: "s2" };
  const recorded: Session = { ...SESSION, id: "s2" };

  assert.equal(reviewItem(SESSION, null).kind, "estimated");
  assert.equal(reviewItem({ ...SESSION, quality: "flagged" }, null).kind, "flagged");
  assert.deepEqual(reviewItem(entered, recorded), { kind: "duplicate", session: entered, recorded });
});

test("an estimate of a session without an end is still an estimate", () => {
  assert.equal(reviewItem({ ...SESSION, quality: "unconfirmed" }, null).kind, "estimated");
});

const GAP: BootGap = { fromBoot: 4, toBoot: 5, afterEnd: "2026-11-23T09:00:00Z", beforeStart: "2026-11-23T10:00:00Z", settled: null };

test("missing power-ups wait until somebody said that nothing was lost; everything else waits until it is gone", () => {
  const settled = { id: "g1", by: null, at: "2026-11-24T09:00:00Z" };

  assert.equal(isOpen({ kind: "boots", deviceUuid: "a", gap: GAP }), true);
  assert.equal(isOpen({ kind: "boots", deviceUuid: "a", gap: { ...GAP, settled } }), false);
  assert.equal(isOpen(reviewItem(SESSION, null)), true);
});

test("gaps of two boards with the same boots are two things", () => {
  assert.notEqual(itemKey({ kind: "boots", deviceUuid: "a", gap: GAP }), itemKey({ kind: "boots", deviceUuid: "b", gap: GAP }));
});

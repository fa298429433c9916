import assert from "node:assert/strict";
import { test } from "node:test";

import type { DeviceGap, Session } from "../../../site_sym/src/data/rows.ts";
import { isOpen, itemKey, reviewItem } from "../../../site_sym/src/sessions/review.ts";

const SESSION = { session_id: "s1", quality: "clock_estimated", possible_duplicate_of: null } as Session;

test("a session is reviewed for what is gravest about it", () => {
  const entered: Session = { ...SESSION, quality: "hand_entered", possible_duplicate_of: "s2" };
  const recorded: Session = { ...SESSION, session_id: "s2" };

  assert.equal(reviewItem(SESSION, null).kind, "estimated");
  assert.equal(reviewItem({ ...SESSION, quality: "flagged" }, null).kind, "flagged");
  assert.deepEqual(reviewItem(entered, recorded), { kind: "duplicate", session: entered, recorded });
});

test("an estimate of a session without an end is still an estimate", () => {
  assert.equal(reviewItem({ ...SESSION, quality: "unconfirmed" }, null).kind, "estimated");
});

const GAP: DeviceGap = { device_uuid: "a", from_boot: 4, to_boot: 5, after_end: "2026-11-23T09:00:00Z", before_start: "2026-11-23T10:00:00Z", settled_gap_id: null, settled_by: null, settled_at: null };

test("missing power-ups wait until somebody said that nothing was lost; everything else waits until it is gone", () => {
  const settled = { settled_gap_id: "g1", settled_by: null, settled_at: "2026-11-24T09:00:00Z" };

  assert.equal(isOpen({ kind: "boots", gap: GAP }), true);
  assert.equal(isOpen({ kind: "boots", gap: { ...GAP, ...settled } }), false);
  assert.equal(isOpen(reviewItem(SESSION, null)), true);
});

test("gaps of two boards with the same boots are two things", () => {
  assert.notEqual(itemKey({ kind: "boots", gap: GAP }), itemKey({ kind: "boots", gap: { ...GAP, device_uuid: "b" } }));
});

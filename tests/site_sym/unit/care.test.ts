import assert from "node:assert/strict";
import { test } from "node:test";

import { accountEnd } from "../../../site_sym/src/account/accountEnd.ts";
import { heatDays } from "../../../site_sym/src/dashboard/heatDays.ts";
import type { Member, Role } from "../../../site_sym/src/data/rows.ts";
import { resetReasons } from "../../../site_sym/src/devices/resetReasons.ts";

const member = (id: string, role: Role): Member => ({ user_id: id, email: `${id}@example.org`, role, joined_at: "2026-01-01T00:00:00Z" });

test("hours stand on their day, and other days have none", () => {
  const found = heatDays([{ day: "2026-11-21", seconds: 1800 }, { day: "2024-01-01", seconds: 60 }], "2026-11-23");

  assert.deepStrictEqual(found.filter(({ seconds }) => seconds !== 0), [{ day: "2026-11-21", seconds: 1800, week: 51, weekday: 5 }]);
});

test("the year ends today, in weeks that begin on Monday", () => {
  const all = heatDays([], "2026-11-23");

  assert.deepStrictEqual(all.at(-1), { day: "2026-11-23", seconds: 0, week: 52, weekday: 0 });
  assert.deepStrictEqual(all[0]?.weekday, 0);
  assert.deepStrictEqual(all.length, 52 * 7 + 1);
});

test("what goes with an account, what stays, and what holds it up", () => {
  const fleets = [
    { name: "Own", members: [member("me", "owner")] },
    { name: "Club", members: [member("me", "owner"), member("you", "editor")] },
    { name: "Shared", members: [member("me", "owner"), member("you", "owner")] },
    { name: "Guest", members: [member("me", "viewer"), member("you", "owner")] },
  ];

  assert.deepStrictEqual(accountEnd("me", fleets), { goes: ["Own"], stays: ["Shared", "Guest"], blocked: ["Club"] });
});

test("reset reasons are counted, the most frequent first", () => {
  const powerUp = (effective_start: string, reset_reason: string | null) => ({ session_id: effective_start, effective_start, run_seconds: 1, registration: null, boot: null, reset_reason });

  const found = resetReasons([powerUp("3", "POWER_ON"), powerUp("2", null), powerUp("1", "POWER_ON")]);

  assert.deepStrictEqual(found, [{ reason: "power on", count: 2, last: "3" }, { reason: null, count: 1, last: "2" }]);
});

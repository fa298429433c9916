import assert from "node:assert/strict";
import { test } from "node:test";

import type { Device, DueItem, Plane } from "../../../site_sym/src/data/rows.ts";
import { needKey, needsOf } from "../../../site_sym/src/dashboard/needs.ts";
import { byNews, isMeant } from "../../../site_sym/src/planes/planeOrder.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const plane = (registration: string, rest: Partial<Plane> = {}) =>
  ({ plane_id: registration, registration, archived_at: null, last_effective_start: null, device_uuid: null, ...rest }) as Plane;
const device = (device_uuid: string, rest: Partial<Device> = {}) =>
  ({ device_uuid, state: "off", attention: null, unassigned_sessions: 0, unsent: 0, last_seen: "2026-11-01T00:00:00Z", ...rest }) as Device;
const due = (item_id: string, status: DueItem["status"], rest: Partial<DueItem> = {}) => ({ item_id, plane_id: item_id, status, urgency: 0, ...rest }) as DueItem;

test("planes: what runs, what needs attention, what is due by urgency, who flew last, then by registration", () => {
  const devices: Record<string, Device> = { runs: device("runs", { state: "running" }), refused: device("refused", { state: "needs_attention" }) };
  const items: Record<string, DueItem> = {
    calm: due("calm", "ok", { urgency: -5 }),
    asked: due("asked", "unknown", { urgency: 1e12 }),
    soon: due("soon", "due_soon", { urgency: 2e12 - 7 }),
    sooner: due("sooner", "due_soon", { urgency: 2e12 - 3 }),
    over: due("over", "overdue", { urgency: 4e12 }),
    runs: due("runs", "overdue", { urgency: 5e12 }),
  };
  const flown = { last_effective_start: "2026-11-20T10:00:00Z" };
  const names = ["none", "calm", "asked", "soon", "over", "refused", "sooner", "runs"];
  const planes = [plane("earlier", { last_effective_start: "2026-11-02T10:00:00Z" }), ...names.map((name) => plane(name)), plane("flew", flown)];

  const sorted = byNews(planes, ({ plane_id }) => ({ device: devices[plane_id], due: items[plane_id] }));

  const expected = ["runs", "refused", "over", "sooner", "soon", "flew", "earlier", "asked", "calm", "none"];
  assert.deepEqual(sorted.map(({ plane_id }) => plane_id), expected);
  assert.equal(planes[0]?.plane_id, "earlier");
});

test("a plane is meant by a part of its registration or type, whatever the case, hyphens and spaces", () => {
  const skyhawk = plane("D-EKLM", { type_designator: "C172", make: "Cessna", model: "Skyhawk" });

  for (const typed of ["", " ", "dek", "D-EK", "d eklm", "c172", "cessna sky", "HAWK"]) assert.ok(isMeant(skyhawk, typed), typed);
  for (const typed of ["D-EKLN", "mc172", "c172cessna", "robin"]) assert.ok(!isMeant(skyhawk, typed), typed);
});

test("needs: refused boards, what is due, what has no plane, what is late; nothing else", () => {
  const devices = [
    device("loose", { unassigned_sessions: 3 }),
    device("late", { unsent: 2 }),
    device("parked", { unsent: 2, last_seen: "2026-11-27T12:00:00Z" }),
    device("empty"),
    device("runs", { state: "running", unsent: 4 }),
    device("refused", { state: "needs_attention" }),
  ];
  const items = [due("over", "overdue"), due("now", "due"), due("soon", "due_soon"), due("gone", "overdue"), due("asked", "unknown")];
  const planes = [plane("over"), plane("now"), plane("gone", { archived_at: "2026-11-01T00:00:00Z" })];

  const found = needsOf({ devices, planes, due: items }, NOW).map(needKey);

  assert.deepEqual(found, ["board:refused", "due:over", "due:now", "unassigned:loose", "unsent:late"]);
  assert.deepEqual(needsOf({ devices: [device("empty")], planes: [], due: [] }, NOW), []);
});

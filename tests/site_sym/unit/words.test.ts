import assert from "node:assert/strict";
import { test } from "node:test";

import { deviceWords, livePlane, liveSession, runningSeconds } from "../../../site_sym/src/lib/deviceWords.ts";
import type { Device, Membership, Plane, Session } from "../../../site_sym/src/lib/model.ts";
import { fleetNames } from "../../../site_sym/src/lib/fleetNames.ts";
import { monthTable } from "../../../site_sym/src/lib/monthSeries.ts";
import { looksLikeRegistration } from "../../../site_sym/src/lib/registration.ts";
import { sessionWords } from "../../../site_sym/src/lib/sessionWords.ts";
import { findUuid } from "../../../site_sym/src/lib/uuid.ts";

const UUID = "550e8400-e29b-41d4-a716-446655440000";
const NOW = new Date("2026-11-23T12:00:00Z");

const device: Device = {
  uuid: UUID,
  fleetId: "f",
  name: "Panel box 2",
  planeId: "p",
  registration: "D-EKLM",
  state: "off",
  attention: null,
  lastSeen: "2026-11-22T16:40:00Z",
  runningStart: null,
  runningSeconds: null,
  runningUpdate: null,
  unsent: 0,
  firmware: "1.0.0",
  resetReason: "POWER_ON",
  firstSessionStart: null,
  unassignedSessions: 0,
  refusedPosts: 0,
  refusedAt: null,
  rejectedAt: null,
  rejectedCode: null,
  keyBoundAt: null,
  keyResetAt: null,
};
const running: Device = { ...device, state: "running", lastSeen: "2026-11-23T11:59:30Z", runningStart: "2026-11-23T11:17:30Z", runningSeconds: 2520, runningUpdate: "2026-11-23T11:59:30Z" };

const session: Session = {
  id: "s",
  planeId: "p",
  registration: "D-EKLM",
  deviceUuid: UUID,
  deviceName: null,
  start: "2026-11-23T09:14:00Z",
  end: "2026-11-23T10:00:00Z",
  runSeconds: 2760,
  lastUpdate: null,
  state: "ended",
  quality: "measured",
  short: false,
  class: null,
  pilot: null,
  remarks: null,
  excluded: false,
  overlaps: false,
  hobbsStartSeconds: 0,
  hobbsEndSeconds: 2760,
  checkpointSeconds: 60,
  startUncertaintySeconds: null,
  reportedStart: "2026-11-23T09:14:00Z",
  startSource: "ntp",
  boot: null,
  firmware: null,
  resetReason: null,
  corrected: false,
  clockChecked: false,
  annotatedBy: null,
  annotatedAt: null,
  duplicateOf: null,
};

test("a running session counts on from what the server heard, for two minutes at most", () => {
  assert.equal(runningSeconds(running, NOW), 2550);
  assert.equal(runningSeconds(running, new Date("2026-11-23T12:30:00Z")), 2640);
  assert.equal(runningSeconds(device, NOW), null);
});

test("a browser whose clock is behind never takes seconds away", () => {
  assert.equal(runningSeconds(running, new Date("2026-11-23T11:00:00Z")), 2520);
});

test("a plane's hours gain only what its running session gained since the total was made", () => {
  const plane = { totalSeconds: 100_000, monthSeconds: 5000, countedSeconds: 70_000 } as Plane;
  assert.deepEqual(livePlane(plane, running, NOW), { totalSeconds: 100_030, monthSeconds: 5030, countedSeconds: 70_030 });
  assert.equal(livePlane(plane, device, NOW), plane);
  assert.equal(livePlane(plane, undefined, NOW), plane);
});

test("a running session ends its meter where the plane's drum stands", () => {
  const session = { state: "running", deviceUuid: running.uuid, runSeconds: 2490, hobbsEndSeconds: 99_970 } as Session;
  const plane = { totalSeconds: 100_000, monthSeconds: 0, countedSeconds: 0 } as Plane;
  const live = liveSession(session, [running], NOW);
  assert.equal(live.runSeconds, 2550);
  assert.equal(live.hobbsEndSeconds, livePlane(plane, running, NOW).totalSeconds);
  const ended = { ...session, state: "ended" } as Session;
  assert.equal(liveSession(ended, [running], NOW), ended);
});

test("a parked plane's silence is no alarm", () => {
  assert.deepEqual(deviceWords(device, "utc", NOW), { tone: "idle", text: "Off, last heard yesterday 16:40Z", hint: "", seconds: null });
});

test("a board that went silent minutes ago was last heard then", () => {
  const words = deviceWords({ ...device, lastSeen: "2026-11-23T11:56:00Z" }, "utc", NOW);

  assert.equal(words.text, "Off, last heard today 11:56Z");
});

test("a board that left with sessions on it is away, and says how many", () => {
  const words = deviceWords({ ...device, unsent: 3 }, "utc", NOW);

  assert.equal(words.text, "Away, last heard yesterday 16:40Z, 3 to go");
});

test("every state has its own tone and words, and attention says what to do", () => {
  assert.deepEqual([deviceWords(running, "utc", NOW).tone, deviceWords(running, "utc", NOW).seconds], ["good", 2550]);
  assert.equal(deviceWords({ ...device, state: "delivering", unsent: 3 }, "utc", NOW).text, "Delivering, 3 to go");
  assert.equal(deviceWords({ ...device, state: "never_heard", lastSeen: null }, "utc", NOW).tone, "none");
  for (const attention of ["device_key_wrong", "device_key_missing", "device_key_reset_expired", "bad_start", "something_new"]) {
    const words = deviceWords({ ...device, state: "needs_attention", attention }, "utc", NOW);
    assert.equal(words.tone, "bad");
    assert.notEqual(words.hint, "");
  }
});

test("a session says how sure it is", () => {
  assert.deepEqual(sessionWords(session).quality, [{ tone: "muted", text: "measured" }]);
  assert.deepEqual(sessionWords({ ...session, quality: "clock_estimated", startUncertaintySeconds: 2400 }).quality, [
    { tone: "warn", text: "clock estimated ±40 min" },
  ]);
  assert.deepEqual(sessionWords({ ...session, short: true }).quality.at(-1), { tone: "muted", text: "short" });
  assert.deepEqual(sessionWords({ ...session, state: "unconfirmed", quality: "unconfirmed" }), {
    state: { tone: "idle", text: "unconfirmed" },
    quality: [],
    estimated: false,
  });
});

test("a running session is not called short or measured before it has ended", () => {
  assert.deepEqual(sessionWords({ ...session, state: "running", short: true }), {
    state: { tone: "good", text: "running" },
    quality: [],
    estimated: false,
  });
});

test("a UUID is found in whatever was pasted, and written as devices write it", () => {
  const written = [UUID, UUID.toUpperCase(), UUID.replaceAll("-", ""), `Boot 7, device ${UUID}\r\n`, `http://127.0.0.1/#/devices/register?uuid=${UUID}`];

  for (const text of written) assert.equal(findUuid(text), UUID);
  for (const text of ["", "550e8400-e29b-41d4-a716", "not a uuid"]) assert.equal(findUuid(text), null);
});

test("registrations of many states pass, and nonsense only gets a hint", () => {
  for (const registration of ["D-EKLM", "G-BXYZ", "N123AB", "OE-ABC", "JA1234", "HB-XYZ", "9A-ABC", "C-GABC"]) {
    assert.equal(looksLikeRegistration(registration), true, registration);
  }
  for (const registration of ["SKYHAWK", "N0", "D EKLM", "-"]) assert.equal(looksLikeRegistration(registration), false, registration);
});

test("months are stacked by plane in the page's order, and a ninth plane joins the others", () => {
  const planes = Array.from({ length: 10 }, (_, i) => ({ id: `p${i}`, registration: `D-E${i}` })) as Plane[];
  const rows = planes.flatMap(({ id }, i) => [
    { planeId: id, month: "2026-11-01", seconds: i === 3 ? 0 : 3600 },
    { planeId: id, month: "2026-10-01", seconds: 0 },
  ]);

  const table = monthTable(rows, planes, "Other planes");

  assert.deepEqual(table.months.map(({ month }) => month), ["2026-10-01", "2026-11-01"]);
  assert.deepEqual(table.series.map(({ label }) => label), ["D-E0", "D-E1", "D-E2", "D-E4", "D-E5", "D-E6", "D-E7", "Other planes"]);
  assert.equal(table.months[1]?.total, 9 * 3600);
  assert.equal(table.months[1]?.seconds.others, 2 * 3600);
});

test("fleets of one name are told apart, others keep their name", () => {
  const named = (...fleets: [string, Membership["role"]][]) => fleetNames(fleets.map(([fleetName, role]) => ({ fleetId: "", fleetName, role })));
  assert.deepEqual(named(["My fleet", "owner"], ["Ohio Flyers", "viewer"]), ["My fleet", "Ohio Flyers"]);
  assert.deepEqual(named(["My fleet", "owner"], ["My fleet", "viewer"]), ["My fleet · Owner", "My fleet · Viewer"]);
  assert.deepEqual(named(["My fleet", "viewer"], ["My fleet", "viewer"], ["My fleet", "owner"]), [
    "My fleet · Viewer 1",
    "My fleet · Viewer 2",
    "My fleet · Owner",
  ]);
});

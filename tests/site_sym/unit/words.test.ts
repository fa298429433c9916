import assert from "node:assert/strict";
import { test } from "node:test";

import { LIMITS } from "../../../site_sym/src/data/limits.ts";
import type { Device, LogEntry, Membership, Plane, Session } from "../../../site_sym/src/data/rows.ts";
import { findUuid } from "../../../site_sym/src/data/uuid.ts";
import { deviceWords, livePlane, liveSession, runningSeconds } from "../../../site_sym/src/devices/deviceWords.ts";
import { fleetNames } from "../../../site_sym/src/fleet/fleetNames.ts";
import { looksLikeRegistration } from "../../../site_sym/src/planes/registration.ts";
import { entryOf } from "../../../site_sym/src/sessions/sessionEdits.ts";
import { sessionWords } from "../../../site_sym/src/sessions/sessionWords.ts";
import { limitWords } from "../../../site_sym/src/ui/limitWords.ts";
import { problemWords } from "../../../site_sym/src/ui/problemWords.ts";

const UUID = "550e8400-e29b-41d4-a716-446655440000";
const NOW = new Date("2026-11-23T12:00:00Z");

const device: Device = {
  device_uuid: UUID,
  fleet_id: "f",
  name: "Panel box 2",
  plane_id: "p",
  registration: "D-EKLM",
  state: "off",
  attention: null,
  last_seen: "2026-11-22T16:40:00Z",
  running_effective_start: null,
  running_seconds: null,
  running_update: null,
  unsent: 0,
  firmware: "1.0.0",
  reset_reason: "POWER_ON",
  first_effective_start: null,
  unassigned_sessions: 0,
  refused_posts: 0,
  refused_at: null,
  rejected_at: null,
  rejected_code: null,
  key_bound_at: null,
  key_reset_at: null,
  assigned_from: null,
  boot: null,
  claimed_at: "2026-01-01T00:00:00Z",
  lifetime_seconds: null,
  owned_from: "2026-01-01T00:00:00Z",
};
const running: Device = { ...device, state: "running", last_seen: "2026-11-23T11:59:30Z", running_effective_start: "2026-11-23T11:17:30Z", running_seconds: 2520, running_update: "2026-11-23T11:59:30Z" };

const session: Session = {
  session_id: "s",
  entry_id: "s",
  plane_id: "p",
  registration: "D-EKLM",
  device_uuid: UUID,
  device_name: null,
  effective_start: "2026-11-23T09:14:00Z",
  session_end: "2026-11-23T10:00:00Z",
  run_seconds: 2760,
  last_update: null,
  state: "ended",
  quality: "measured",
  short: false,
  class: null,
  pilot: null,
  remarks: null,
  excluded: false,
  overlaps: false,
  hobbs_start_seconds: 0,
  hobbs_end_seconds: 2760,
  engine_seconds: null,
  engine_first_s: null,
  bus_start_mv: null,
  bus_min_mv: null,
  bus_max_mv: null,
  engine_hobbs_start_seconds: null,
  engine_hobbs_end_seconds: null,
  suggested_class: null,
  checkpoint_seconds: 60,
  start_uncertainty_s: null,
  session_start: "2026-11-23T09:14:00Z",
  start_source: "ntp",
  boot: null,
  firmware: null,
  reset_reason: null,
  corrected: false,
  clock_checked: false,
  annotated_by: null,
  annotated_at: null,
  batch_id: null,
  possible_duplicate_of: null,
  fleet_id: "f",
  flagged: false,
  heard_at: "2026-11-23T10:00:00Z",
  held_seconds: null,
  received_at: "2026-11-23T09:14:00Z",
  status: "closed",
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
  const plane = { total_seconds: 100_000, month_seconds: 5000, meter_source: "powered", meter_seconds: 100_000 } as Plane;
  assert.deepEqual(livePlane(plane, running, NOW), { ...plane, total_seconds: 100_030, month_seconds: 5030, meter_seconds: 100_030 });
  const engine = { ...plane, meter_source: "engine", meter_seconds: 70_000 } as Plane;
  assert.equal(livePlane(engine, running, NOW).meter_seconds, 70_000);
  assert.equal(livePlane(plane, device, NOW), plane);
  assert.equal(livePlane(plane, undefined, NOW), plane);
});

test("a running session ends its meter where the plane's drum stands", () => {
  const session = { state: "running", device_uuid: running.device_uuid, run_seconds: 2490, hobbs_end_seconds: 99_970 } as Session;
  const plane = { total_seconds: 100_000, month_seconds: 0 } as Plane;
  const live = liveSession(session, [running], NOW);
  assert.equal(live.run_seconds, 2550);
  assert.equal(live.hobbs_end_seconds, livePlane(plane, running, NOW).total_seconds);
  const ended = { ...session, state: "ended" } as Session;
  assert.equal(liveSession(ended, [running], NOW), ended);
});

test("a running session gives a merged entry, and the part that it ends in, what it gained since", () => {
  const running_entry = { state: "running", device_uuid: running.device_uuid, run_seconds: 4000, hobbs_end_seconds: 99_970 };
  for (const kind of ["merged", "part"] as const) {
    const live = liveSession({ ...running_entry, kind } as LogEntry, [running], NOW);

    assert.equal(live.run_seconds, 4030);
    assert.equal(live.hobbs_end_seconds, 100_000);
  }
});

test("an entry says how many power-ups it has, a part which one it is, a session nothing of the kind", () => {
  assert.equal(sessionWords(session).kind, null);
  assert.equal(sessionWords(entryOf(session)).kind, null);
  assert.equal(sessionWords({ ...entryOf(session), kind: "merged", session_ids: ["a", "b", "c"] }).kind, "3 power-ups");
  assert.equal(sessionWords({ ...entryOf(session), kind: "part", part_number: 2, part_count: 3 }).kind, "part 2 of 3");
});

test("a parked plane's silence is no alarm", () => {
  assert.deepEqual(deviceWords(device, "utc", NOW), {
    tone: "idle",
    text: "Off, last heard yesterday 16:40Z",
    hint: "Normal while parked. To test it, switch the avionics on within range of Wi-Fi.",
    seconds: null,
    isPuzzling: false,
  });
});

test("after a week of silence, or before the first word, somebody may wonder, and a card says that it is normal", () => {
  const puzzles = (last_seen: string) => deviceWords({ ...device, last_seen }, "utc", NOW).isPuzzling;

  assert.equal(puzzles("2026-11-16T12:00:01Z"), false);
  assert.equal(puzzles("2026-11-16T11:59:59Z"), true);
  assert.equal(deviceWords({ ...device, last_seen: "2026-01-01T12:00:00Z" }, "utc", NOW).tone, "idle");
  assert.equal(deviceWords({ ...device, state: "never_heard", last_seen: null }, "utc", NOW).isPuzzling, true);
  assert.equal(deviceWords(running, "utc", NOW).isPuzzling, false);
});

test("a board that went silent minutes ago was last heard then", () => {
  const words = deviceWords({ ...device, last_seen: "2026-11-23T11:56:00Z" }, "utc", NOW);

  assert.equal(words.text, "Off, last heard today 11:56Z");
});

test("a board that left with sessions on it is away, and says how many", () => {
  const words = deviceWords({ ...device, unsent: 3 }, "utc", NOW);

  assert.equal(words.text, "Away, last heard yesterday 16:40Z, 3 to go");
  assert.equal(words.tone, "idle");
  assert.match(words.hint, /^Normal while parked\. Those sessions are safe on the board/);
  assert.match(deviceWords({ ...device, unsent: 1 }, "utc", NOW).hint, /That session is safe/);
});

test("every state has its own tone and words, and attention says what to do", () => {
  assert.deepEqual([deviceWords(running, "utc", NOW).tone, deviceWords(running, "utc", NOW).seconds], ["good", 2550]);
  assert.equal(deviceWords({ ...device, state: "delivering", unsent: 3 }, "utc", NOW).text, "Delivering, 3 to go");
  const never = deviceWords({ ...device, state: "never_heard", last_seen: null }, "utc", NOW);
  assert.equal(never.tone, "none");
  assert.match(never.hint, /^Normal until it first has power within range of Wi-Fi\. To test it, switch the avionics on/);
  for (const state of ["running", "delivering"] as const) assert.equal(deviceWords({ ...device, state }, "utc", NOW).hint, "");
  for (const attention of ["device_key_wrong", "device_key_missing", "device_key_reset_expired", "bad_start", "something_new"]) {
    const words = deviceWords({ ...device, state: "needs_attention", attention }, "utc", NOW);
    assert.equal(words.tone, "bad");
    assert.notEqual(words.hint, "");
  }
});

test("a session says how sure it is", () => {
  assert.deepEqual(sessionWords(session).quality, [{ tone: "muted", text: "measured" }]);
  assert.deepEqual(sessionWords({ ...session, quality: "clock_estimated", start_uncertainty_s: 2400 }).quality, [
    { tone: "warn", text: "clock estimated ±40 min" },
  ]);
  assert.deepEqual(sessionWords({ ...session, short: true }).quality.at(-1), { tone: "muted", text: "short" });
  assert.deepEqual(sessionWords({ ...session, state: "unconfirmed", quality: "unconfirmed" }), {
    state: { tone: "idle", text: "unconfirmed" },
    quality: [],
    kind: null,
    estimated: false,
    held: null,
  });
});

test("a running session is not called short or measured before it has ended", () => {
  assert.deepEqual(sessionWords({ ...session, state: "running", short: true }), {
    state: { tone: "good", text: "running" },
    quality: [],
    kind: null,
    estimated: false,
    held: null,
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

test("fleets of one name are told apart, others keep their name", () => {
  const named = (...fleets: [string, Membership["role"]][]) => fleetNames(fleets.map(([name, role]) => ({ fleet_id: "", name, role })));
  assert.deepEqual(named(["My fleet", "owner"], ["Ohio Flyers", "viewer"]), ["My fleet", "Ohio Flyers"]);
  assert.deepEqual(named(["My fleet", "owner"], ["My fleet", "viewer"]), ["My fleet · Owner", "My fleet · Viewer"]);
  assert.deepEqual(named(["My fleet", "viewer"], ["My fleet", "viewer"], ["My fleet", "owner"]), [
    "My fleet · Viewer 1",
    "My fleet · Viewer 2",
    "My fleet · Owner",
  ]);
});

test("no number makes a fleet the namesake of another", () => {
  const told = (names: string[]) => fleetNames(names.map((name) => ({ fleet_id: "", name, role: "owner" })));
  assert.deepEqual(told(["Club", "Club", "Club · Owner 1"]), ["Club · Owner 2", "Club · Owner 3", "Club · Owner 1"]);
  assert.deepEqual(told(["Club", "Club", "Club (2)"]), ["Club · Owner 1", "Club · Owner 2", "Club (2)"]);

  const real = ["Club", "Club 1", "Club · Owner", "Club · Owner 1", "Club · Owner 2", "Club · Owner · Owner"];
  const roles: Membership["role"][] = ["owner", "viewer"];
  for (let made = 0; made < 12 ** 4; made += 1) {
    const fleets = [0, 1, 2, 3].map((place) => {
      const kind = Math.floor(made / 12 ** place) % 12;
      return { fleet_id: "", name: real[kind % 6] ?? "", role: roles[Math.floor(kind / 6)] ?? "owner" };
    });
    const names = fleetNames(fleets);
    assert.equal(new Set(names).size, names.length, `${JSON.stringify(fleets)} are called ${JSON.stringify(names)}`);
    fleets.forEach(({ name }, i) => {
      if (fleets.filter((other) => other.name === name).length === 1 && names[i] !== name) {
        assert.match(names[i] ?? "", / \d+$/, "a name that is alone is changed only where another is called so");
      }
    });
  }
});

test("what came after the release and waits for a look is said with its length, and only then", () => {
  const held = (held_seconds: number | null) => sessionWords({ ...session, quality: "flagged", held_seconds }).held;

  assert.equal(held(750), "0:12:30");
  assert.equal(held(0), null);
  assert.equal(held(null), null);
});

test("every limit of the database has words of its own, and no other one", () => {
  assert.deepEqual(Object.keys(limitWords).sort(), Object.keys(LIMITS).sort());
  for (const [limit, what] of Object.entries(limitWords)) {
    assert.match(what, /^[A-Z].*\.$/);
    assert.doesNotMatch(what, /undefined|NaN|Invalid/);
    assert.deepEqual(problemWords({ kind: "refused", code: limit }), { what, hint: "Nothing was changed." });
  }
  assert.equal(limitWords.registration_length, "A registration has 1 to 20 characters.");
  assert.equal(limitWords.hand_seconds_range, "Enter a duration like 1:24 or 1.4, up to 8,784 hours.");
  assert.equal(limitWords.hand_start_not_too_early, "No session began before 1900. Check the date.");
});

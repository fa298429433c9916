// Runs with TZ=Europe/Berlin, so that "local" has a summer time to get wrong.
import assert from "node:assert/strict";
import { test } from "node:test";

import { clockAt, instantOf, instantsOf } from "../../../site_sym/src/format/zoneClock.ts";

const HOUR = 3_600_000;
const ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Beirut", "Pacific/Apia"];
const iso = (at: number) => new Date(at).toISOString().replace(".000Z", "Z");

test("every instant of years of half-hour and summer-time zones comes back from what its clocks showed", () => {
  for (const zone of ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]) {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" });
    for (let at = Date.UTC(2024, 0, 1); at < Date.UTC(2026, 0, 1); at += 7.5 * 3_600_000) {
      const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
      const day = { year: parts["year"] ?? 0, month: parts["month"] ?? 0, day: parts["day"] ?? 0 };

      const instants = instantsOf(day, (parts["hour"] ?? 0) * 3600 + (parts["minute"] ?? 0) * 60, zone);

      assert.ok(instants.includes(at), `${zone} ${new Date(at).toISOString()}: ${instants.map((one) => new Date(one).toISOString())}`);
    }
  }
});

test("the browser's own zone is read as by its name", () => {
  for (let at = Date.UTC(2024, 0, 1); at < Date.UTC(2026, 0, 1); at += 3.5 * HOUR) {
    const shown = clockAt(at, "local");
    assert.deepEqual(shown, clockAt(at, "Europe/Berlin"));
    const seconds = shown.hour * 3600 + shown.minute * 60 + shown.second;
    assert.deepEqual(instantsOf(shown, seconds, "local"), instantsOf(shown, seconds, "Europe/Berlin"));
  }
});

test("a time is shown at the instants that a search through two days finds, and at no other", () => {
  for (const zone of ZONES) {
    for (const day of [{ year: 2026, month: 3, day: 29 }, { year: 2026, month: 10, day: 25 }, { year: 2026, month: 4, day: 5 }, { year: 2011, month: 12, day: 30 }]) {
      const shown = new Map<number, number[]>();
      const noon = Date.UTC(day.year, day.month - 1, day.day, 12);
      for (let at = noon - 48 * HOUR; at < noon + 48 * HOUR; at += HOUR / 2) {
        const { hour, minute, ...on } = clockAt(at, zone);
        if (on.year !== day.year || on.month !== day.month || on.day !== day.day) continue;
        const seconds = hour * 3600 + minute * 60;
        shown.set(seconds, [...(shown.get(seconds) ?? []), at]);
      }
      for (let seconds = 0; seconds < 86_400; seconds += 1800) {
        assert.deepEqual(instantsOf(day, seconds, zone), shown.get(seconds) ?? [], `${zone} ${day.month}-${day.day} ${seconds}`);
      }
    }
  }
});

test("one instant is meant: the earlier of two, and what clocks leave out comes as long after they went forward", () => {
  for (const zone of ["local", "Europe/Berlin"]) {
    assert.equal(iso(instantOf({ year: 2026, month: 10, day: 25 }, 2.5 * 3600, zone)), "2026-10-25T00:30:00Z");
    assert.equal(iso(instantOf({ year: 2026, month: 3, day: 29 }, 2.5 * 3600, zone)), "2026-03-29T01:30:00Z");
  }
  assert.equal(iso(instantOf({ year: 2026, month: 3, day: 29 }, 0, "Asia/Beirut")), "2026-03-28T22:00:00Z");
});

test("the browser's own zone reads typed times as JavaScript's clock does", () => {
  for (let hours = 0; hours < 24 * 365; hours += 0.5) {
    const seconds = (hours % 24) * 3600;
    const day = 1 + Math.floor(hours / 24);
    assert.equal(instantOf({ year: 2026, month: 1, day }, seconds, "local"), new Date(2026, 0, day, 0, 0, seconds).getTime());
  }
});

test("a zone that the browser does not know is UTC", () => {
  assert.equal(iso(instantOf({ year: 2026, month: 10, day: 31 }, 0, "Mars/Olympus")), "2026-10-31T00:00:00Z");
});

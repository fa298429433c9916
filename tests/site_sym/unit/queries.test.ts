import assert from "node:assert/strict";
import { test } from "node:test";

import type { SessionQuery } from "../../../site_sym/src/data/rows.ts";
import { countFilters, daysOf, readQuery, writeQuery } from "../../../site_sym/src/sessions/sessionQuery.ts";

const PLANE = "0b5f3f0e-9a52-4c58-8a53-5d3f2f7a7c11";
const NOW = new Date("2026-11-23T12:00:00Z");
const PLAIN: SessionQuery = {
  plane: "",
  device: "",
  class: "",
  pilot: "",
  mark: "",
  period: "30d",
  from: "2026-10-24T00:00:00.000Z",
  until: "",
  sort: { by: "start", descending: true },
};
const read = (address: string | Record<string, string>) => readQuery(new URLSearchParams(address), "utc", NOW);

test("without filters the last 30 days of all planes are shown", () => {
  assert.deepEqual(read(""), PLAIN);
});

test("a date in the address makes the period a custom one, both days included", () => {
  const query = read(`from=2026-10-01&to=2026-10-31&plane=${PLANE}`);

  assert.deepEqual(query, { ...PLAIN, period: "custom", plane: PLANE, from: "2026-10-01T00:00:00.000Z", until: "2026-11-01T00:00:00.000Z" });
  assert.deepEqual(daysOf(query, "utc"), { from: "2026-10-01", to: "2026-10-31" });
});

test("this year begins on 1 January of the zone that is shown", () => {
  assert.equal(readQuery(new URLSearchParams("period=year"), "local", NOW).from, "2025-12-31T23:00:00.000Z");
});

test("days of the zone that is shown stay the same days, those with a change of the clocks too", () => {
  for (const day of ["2026-03-29", "2026-10-25", "2026-12-31"]) {
    const query = readQuery(new URLSearchParams({ from: day, to: day }), "local", NOW);

    assert.deepEqual(daysOf(query, "local"), { from: day, to: day });
    assert.deepEqual(writeQuery(query, "local"), { period: "custom", from: day, to: day });
  }
});

test("all sessions are those of no period", () => {
  assert.deepEqual(read("period=all&from=2026-10-01"), { ...PLAIN, period: "all", from: "" });
});

test("nonsense in the address is left out", () => {
  assert.deepEqual(read("period=century&from=2026-13-45&to=;drop&plane=p1&device=x&class=cruise&quality=good&sort=-weight"), PLAIN);
});

test("only what differs from the plain page goes into the address", () => {
  assert.deepEqual(writeQuery(PLAIN, "utc"), {});
  assert.deepEqual(writeQuery({ ...PLAIN, period: "custom", plane: "none", from: "2026-01-01T00:00:00Z" }, "utc"), {
    plane: "none",
    period: "custom",
    from: "2026-01-01",
  });
});

test("every filter survives the way through the address", () => {
  const query: SessionQuery = {
    plane: "none",
    device: PLANE,
    class: "ground_run",
    pilot: "Müller & 50 %",
    mark: "overlaps",
    period: "custom",
    from: "2026-01-01T00:00:00.000Z",
    until: "2026-02-02T00:00:00.000Z",
    sort: { by: "pilot", descending: true },
  };

  assert.deepEqual(read(writeQuery(query, "utc")), query);
  assert.equal(read("class=suggested").class, "suggested");
  assert.equal(countFilters(query), 5);
});

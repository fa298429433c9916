import assert from "node:assert/strict";
import { test } from "node:test";

import { countFilters, readQuery, type SessionQuery, toFilter, writeQuery } from "../../../site_sym/src/lib/sessionQuery.ts";

const PLANE = "0b5f3f0e-9a52-4c58-8a53-5d3f2f7a7c11";
const PLAIN: SessionQuery = {
  period: "30d",
  plane: "",
  device: "",
  class: "",
  pilot: "",
  mark: "",
  from: "",
  to: "",
  sort: { by: "start", descending: true },
};
const NOW = new Date("2026-11-23T12:00:00Z");

test("without filters the last 30 days of all planes are shown", () => {
  const query = readQuery(new URLSearchParams());

  assert.deepEqual(query, PLAIN);
  assert.deepEqual(toFilter(query, "utc", NOW), { from: "2026-10-24T00:00:00.000Z" });
});

test("a date in the address makes the period a custom one, both days included", () => {
  const query = readQuery(new URLSearchParams(`from=2026-10-01&to=2026-10-31&plane=${PLANE}`));

  assert.equal(query.period, "custom");
  assert.deepEqual(toFilter(query, "utc", NOW), { plane: PLANE, from: "2026-10-01T00:00:00.000Z", until: "2026-11-01T00:00:00.000Z" });
});

test("this year begins on 1 January of the zone that is shown", () => {
  assert.deepEqual(toFilter(readQuery(new URLSearchParams("period=year")), "local", NOW), { from: "2025-12-31T23:00:00.000Z" });
});

test("nonsense in the address is left out", () => {
  const nonsense = "period=century&from=2026-13-45&to=;drop&plane=p1&device=x&class=cruise&quality=good&sort=-weight";

  assert.deepEqual(readQuery(new URLSearchParams(nonsense)), PLAIN);
});

test("only what differs from the plain page goes into the address", () => {
  assert.deepEqual(writeQuery({ ...PLAIN, from: "2026-01-01" }), {});
  assert.deepEqual(writeQuery({ ...PLAIN, period: "custom", plane: "none", from: "2026-01-01" }), {
    plane: "none",
    period: "custom",
    from: "2026-01-01",
  });
});

test("every filter survives the way through the address", () => {
  const query: SessionQuery = {
    period: "custom",
    plane: "none",
    device: PLANE,
    class: "ground_run",
    pilot: "Müller & 50 %",
    mark: "overlaps",
    from: "2026-01-01",
    to: "2026-02-01",
    sort: { by: "pilot", descending: true },
  };

  assert.deepEqual(readQuery(new URLSearchParams(writeQuery(query))), query);
  assert.equal(countFilters(query), 5);
});

test("what is filtered by is named once more for the database", () => {
  const query = readQuery(new URLSearchParams("class=none&pilot=roth&quality=excluded&period=all"));

  assert.deepEqual(toFilter(query, "utc", NOW), { class: "none", pilot: "roth", mark: "excluded" });
});

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Plane } from "../../../site_sym/src/data/rows.ts";
import { monthEngineSeconds } from "../../../site_sym/src/planes/engineTime.ts";

test("a month without power has no engine time, an unsensed one is not sensed", () => {
  const plane = { month_seconds: 0, month_engine_seconds: null, engine_seconds: 7200 } satisfies Partial<Plane>;

  assert.equal(monthEngineSeconds(plane), 0);
  assert.equal(monthEngineSeconds({ ...plane, month_seconds: 60 }), null);
  assert.equal(monthEngineSeconds({ ...plane, engine_seconds: null }), null);
  assert.equal(monthEngineSeconds({ ...plane, month_seconds: 60, month_engine_seconds: 0 }), 0);
});

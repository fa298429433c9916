import assert from "node:assert/strict";
import { test } from "node:test";

import { Constants } from "../../../site_sym/src/data/database.types.ts";
import { LIMITS } from "../../../site_sym/src/data/limits.ts";
import { PROGRAMME_DECIDES, TEMPLATES } from "../../../site_sym/src/maintenance/templates.ts";

const COLUMNS = [
  "interval_seconds",
  "interval_months",
  "interval_days",
  "tolerance_seconds",
  "tolerance_days",
] as const;
const ALL = TEMPLATES.flatMap(({ templates }) => templates);

test("each template is an item that the database takes", () => {
  for (const template of ALL) {
    for (const column of COLUMNS) {
      const figure = template[column];
      const { min, max } = LIMITS[`${column}_range`];
      assert.ok(figure === null || (figure >= min && figure <= max), `${template.key} ${column}`);
    }
    const calendar = [template.interval_months, template.interval_days].filter((figure) => figure !== null).length;
    assert.ok(calendar < 2 && calendar + (template.interval_seconds === null ? 0 : 1) > 0, template.key);
    assert.ok(template.name.length <= LIMITS.item_name_length.max, template.key);
    assert.ok(template.rule.length <= LIMITS.item_note_length.max, template.key);
    assert.ok(Constants.public.Enums.maintenance_anchor.includes(template.anchor), template.key);
    assert.equal(template.counts_from === null, template.component === null, template.key);
  }
});

test("each template is there once, and quotes a rule in whole sentences or none", () => {
  for (const column of ["key", "name"] as const) {
    assert.equal(new Set(ALL.map((template) => template[column])).size, ALL.length);
  }
  assert.deepEqual(ALL.filter(({ rule }) => !/^([A-Z0-9].*\.)?$/.test(rule)), []);
  assert.match(PROGRAMME_DECIDES, /programme decides/);
});

test("a tolerance lengthens nothing that the rule counts from the last inspection", () => {
  // Done at 95 h, from_due would put the next one at 200 h: 105 h later.
  assert.equal(ALL.find(({ key }) => key === "100h")?.anchor, "from_due_if_late");
});

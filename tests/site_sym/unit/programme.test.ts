import assert from "node:assert/strict";
import { test } from "node:test";

import { componentsTexts } from "../../../site_sym/src/components/texts.ts";
import { EMPTY_INSTALLATION, installationFaults } from "../../../site_sym/src/components/installationDraft.ts";
import type { Component, MaintenanceItem } from "../../../site_sym/src/data/rows.ts";
import { fromInputDay } from "../../../site_sym/src/format/inputTime.ts";
import { doneAt, draftOfCopy, draftOfItem, draftOfTemplate, emptyDraft, faultsOf, fieldsOf, newItemOf } from "../../../site_sym/src/maintenance/itemDraft.ts";
import { TEMPLATES } from "../../../site_sym/src/maintenance/templates.ts";
import { texts } from "../../../site_sym/src/ui/texts.ts";

const NOW = new Date("2026-11-27T09:30:00Z");
const HOUR = 3600;
const item = (fields: Partial<MaintenanceItem> = {}): MaintenanceItem => ({
  item_id: "item",
  fleet_id: "fleet",
  plane_id: "plane",
  component_id: null,
  name: "100 h inspection",
  meter_id: "meter",
  counts_from: null,
  interval_seconds: 100 * HOUR,
  interval_months: null,
  interval_days: 30,
  tolerance_seconds: 10 * HOUR,
  tolerance_days: 0,
  warning_seconds: 5400,
  warning_days: 0,
  anchor: "from_due",
  note: "AMP 3.2",
  archived_at: null,
  created_at: "2026-01-01T00:00:00Z",
  ...fields,
});
const component = (fields: Partial<Component>) => ({ component_id: "engine", kind: "engine", plane_id: "plane", ...fields }) as Component;

test("a day is read as it is typed, with or without hyphens", () => {
  assert.deepStrictEqual(["2026-11-03", "20261103", " 2026-1-3 "].map(fromInputDay), ["2026-11-03", "2026-11-03", "2026-01-03"]);
  assert.deepStrictEqual(["2026-02-30", "2026-13-01", "3.11.2026", "202611", "2026-11-031", ""].map(fromInputDay), [null, null, null, null, null, null]);
});

test("every template can be saved as it is", () => {
  for (const template of TEMPLATES.flatMap(({ templates }) => templates)) {
    const draft = draftOfTemplate(template, []);

    assert.deepStrictEqual(faultsOf(draft, "utc", NOW), {});
    const { interval_seconds, interval_months, interval_days, tolerance_seconds, tolerance_days, anchor, name } = template;
    const { meter_id, counts_from, warning_seconds, warning_days, note, ...saved } = fieldsOf(draft);
    assert.deepStrictEqual(saved, { name, interval_seconds, interval_months, interval_days, tolerance_seconds, tolerance_days, anchor });
    assert.deepStrictEqual([meter_id, counts_from, warning_seconds, warning_days, note], [null, null, 10 * HOUR, 30, null]);
  }
});

test("a template of the engine belongs to the engine where there is one", () => {
  const [oil] = TEMPLATES.flatMap(({ templates }) => templates).filter(({ component }) => component === "engine");
  assert.ok(oil);

  const draft = draftOfTemplate(oil, [component({ kind: "propeller", component_id: "propeller" }), component({})]);

  const { plane_id, component_id, counts_from, meter_id } = newItemOf(draft, "plane", "utc", NOW);
  assert.deepStrictEqual([plane_id, component_id, counts_from, meter_id], [null, "engine", "since_new", null]);
});

test("an item is typed and read back as it was", () => {
  for (const one of [item(), item({ interval_days: null, interval_months: 12, interval_seconds: null, meter_id: null, note: null })]) {
    const { item_id, fleet_id, plane_id, component_id, archived_at, created_at, ...fields } = one;

    assert.deepStrictEqual(fieldsOf(draftOfItem(one)), fields);
    assert.deepStrictEqual([item_id, fleet_id, plane_id, component_id, archived_at, typeof created_at], ["item", "fleet", "plane", null, null, "string"]);
  }
});

test("a copy has an identity, a meter and a component of its own, and nothing that was done", () => {
  const engines = [component({ component_id: "theirs", plane_id: "other" }), component({ component_id: "ours" }), component({ component_id: "spare", plane_id: null })];

  const ofPlane = draftOfCopy(item(), "plane", engines);
  const ofEngine = draftOfCopy(item({ plane_id: null, component_id: "theirs", counts_from: "since_overhaul" }), "plane", engines);
  const ofNone = draftOfCopy(item({ plane_id: null, component_id: "theirs" }), "third", engines);

  assert.deepStrictEqual([ofPlane.meterId, ofPlane.doneOn, ofPlane.doneFigure, ofPlane.name], ["", "", "", "100 h inspection"]);
  assert.notStrictEqual(ofPlane.itemId, "item");
  assert.deepStrictEqual([ofEngine.componentId, ofEngine.countsFrom, ofNone.componentId], ["ours", "since_overhaul", ""]);
});

test("what was done last goes with the item, at noon of its day and never later than now", () => {
  const draft = { ...emptyDraft(), name: " Oil ", hours: "50", doneOn: "20261101", doneFigure: "4480,5" };

  assert.deepStrictEqual(newItemOf(draft, "plane", "utc", NOW).completion, {
    completion_id: draft.completionId,
    done_at: "2026-11-01T12:00:00.000Z",
    done_on: "2026-11-01",
    meter_seconds: 4480.5 * HOUR,
  });
  assert.deepStrictEqual(doneAt("2026-11-27", "utc", NOW), NOW.toISOString());
  assert.deepStrictEqual(newItemOf({ ...draft, doneOn: "", doneFigure: "" }, "plane", "utc", NOW).completion, null);
  // A figure that was typed before the hours were taken out is not sent.
  assert.deepStrictEqual(newItemOf({ ...draft, hours: "", calendar: "12" }, "plane", "utc", NOW).completion?.meter_seconds, null);
});

test("what cannot be is said at its field", () => {
  const good = { ...emptyDraft(), name: "Oil", hours: "50" };
  const fields = (changes: object) => Object.keys(faultsOf({ ...good, ...changes }, "utc", NOW));

  assert.deepStrictEqual(fields({}), []);
  for (
    const [field, wrong] of Object.entries({
      name: "  ",
      hours: "0.05",
      calendar: "601",
      toleranceHours: "much",
      toleranceDays: "1.5",
      warningHours: "10001",
      warningDays: "-1",
      doneOn: "2026-11-28",
      doneFigure: "4480.555",
    })
  ) {
    assert.deepStrictEqual(fields({ ...(field === "doneFigure" ? { doneOn: "2026-11-01" } : {}), [field]: wrong }), [field]);
  }
  assert.deepStrictEqual(fields({ hours: "" }), ["hours"]);
  assert.deepStrictEqual(fields({ hours: "", calendar: "18300", unit: "days" }), []);
  assert.deepStrictEqual(fields({ doneFigure: "12" }), ["doneOn"]);
});

test("an installation begins before it ends, both in the past, and was overhauled no longer ago than it was new", () => {
  const faults = (changes: object, needsFrom = false) => installationFaults({ ...EMPTY_INSTALLATION, ...changes }, "utc", NOW, needsFrom);

  assert.deepStrictEqual(faults({}), {});
  assert.deepStrictEqual(faults({}, true), { from: texts.session.wrongTime });
  assert.deepStrictEqual(Object.keys(faults({ from: "2026-11-28 10:00", removed: "soon" })), ["from", "removed"]);
  assert.deepStrictEqual(faults({ from: "2026-11-02 10:00", removed: "2026-11-02 10:00" }), { removed: componentsTexts.removedBeforeInstalled });
  assert.deepStrictEqual(faults({ sinceNew: "100", sinceOverhaul: "100.01" }), { sinceOverhaul: componentsTexts.tooLong });
  assert.deepStrictEqual(Object.keys(faults({ from: "1949-01-01 10:00", sinceNew: "999999", sinceOverhaul: "x" })), ["from", "sinceNew", "sinceOverhaul"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import type { ReportHead } from "../../../site_sym/src/data/rows.ts";
import { beginOfMonth, dayIn, laterMonth, momentIn, monthOf, standing, toClose } from "../../../site_sym/src/reports/months.ts";

const NOW = new Date("2026-11-23T12:00:00Z");

function closed(month: string, ends: string, report_id = month): ReportHead {
  return { report_id, month: `${month}-01`, time_zone: "UTC", begins: `${month}-01T00:00:00Z`, ends, sha256: "", made_at: ends, author_id: null };
}

test("a month begins at its zone's midnight, in summer and in winter", () => {
  assert.equal(beginOfMonth("2026-11", "UTC"), "2026-11-01T00:00:00.000Z");
  assert.equal(beginOfMonth("2026-10", "Europe/Berlin"), "2026-09-30T22:00:00.000Z");
  assert.equal(beginOfMonth("2026-11", "Europe/Berlin"), "2026-10-31T23:00:00.000Z");
  assert.equal(beginOfMonth("2026-11", "America/New_York"), "2026-11-01T04:00:00.000Z");
  assert.equal(beginOfMonth("2026-11", "Pacific/Kiritimati"), "2026-10-31T10:00:00.000Z");
});

test("every month of many zones begins in that month, and a millisecond earlier it had not", () => {
  for (const zone of ["UTC", "Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Asia/Beirut"]) {
    for (let month = "2010-01"; month < "2027-01"; month = laterMonth(month, 1)) {
      const begin = Date.parse(beginOfMonth(month, zone));
      assert.equal(monthOf(new Date(begin), zone), month);
      assert.equal(monthOf(new Date(begin - 1), zone), laterMonth(month, -1), `${month} in ${zone}`);
    }
  }
});

test("times are those of the report's zone; one that the browser does not know is UTC", () => {
  assert.equal(momentIn("2026-10-31T23:00:00Z", "Europe/Berlin"), "2026-11-01 00:00");
  assert.equal(dayIn("2026-10-31T23:00:00Z", "Mars/Olympus"), "2026-10-31");
});

test("without a lock the last month that ended is the next to close", () => {
  const { next, months, running } = toClose([], null, NOW, "UTC");

  assert.deepEqual([next, running, months[0], months.length], ["2026-10", "2026-11", "2026-10", 24]);
});

test("behind the lock the next month follows, in whatever zone the last one was closed", () => {
  const utc = [closed("2026-08", "2026-09-01T00:00:00Z")];
  assert.equal(toClose(utc, "2026-09-01T00:00:00Z", NOW, "UTC").next, "2026-09");
  const berlin = [closed("2026-08", "2026-08-31T22:00:00Z")];
  assert.equal(toClose(berlin, "2026-08-31T22:00:00Z", NOW, "UTC").next, "2026-09");
});

test("a month whose lock was moved back is to be closed again, and then the older report is replaced", () => {
  const october = closed("2026-10", "2026-11-01T00:00:00Z");
  assert.equal(toClose([october], "2026-11-01T00:00:00Z", NOW, "UTC").next, null);
  assert.equal(toClose([october], "2026-10-01T00:00:00Z", NOW, "UTC").next, "2026-10");

  const again = { ...october, report_id: "again" };
  assert.equal(standing([again, october]).get("2026-10"), again);
});

test("a month that is locked without a report can still be closed", () => {
  const { next, months } = toClose([], "2026-11-01T00:00:00Z", NOW, "UTC");

  assert.deepEqual([next, months[0]], [null, "2026-10"]);
});

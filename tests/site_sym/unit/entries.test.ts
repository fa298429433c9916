import assert from "node:assert/strict";
import { test } from "node:test";

import type { LogEntry, SessionPart } from "../../../site_sym/src/data/rows.ts";
import { gapWords } from "../../../site_sym/src/entries/gapWords.ts";
import { agreed, classOf, gapOf } from "../../../site_sym/src/entries/mergeDraft.ts";
import { areCuts, equalCuts, mostParts, withCut } from "../../../site_sym/src/entries/splitParts.ts";

function said(named: LogEntry["class"], suggested_class: LogEntry["suggested_class"] = null): Pick<LogEntry, "class" | "suggested_class"> {
  return { class: named, suggested_class };
}

function on(from: string, to: string): Pick<LogEntry, "effective_start" | "session_end"> {
  return { effective_start: `2026-11-23T${from}Z`, session_end: `2026-11-23T${to}Z` };
}

test("what is said alike is agreed on; who says nothing does not disagree", () => {
  assert.equal(agreed(["Anna", null, "Anna"]), "Anna");
  assert.equal(agreed(["Anna", "Jürg"]), null);
  assert.equal(agreed([null, null]), null);
  assert.equal(agreed([]), null);
});

test("a merge begins with the class that is said, else with what the engine suggests where it ran", () => {
  assert.equal(classOf([said("flight"), said(null, "ground_run")]), "flight");
  assert.equal(classOf([said("flight"), said("test"), said(null, "flight")]), null);
  assert.equal(classOf([said(null, "avionics_only"), said(null, "flight"), said(null, "avionics_only")]), "flight");
  assert.equal(classOf([said(null, "avionics_only"), said(null, "avionics_only")]), "avionics_only");
  assert.equal(classOf([said(null), said(null)]), null);
});

test("the time between is that in which nothing was on", () => {
  assert.equal(gapOf([on("09:00:00", "10:00:00"), on("10:04:00", "10:30:00"), on("10:31:30", "11:00:00")]), 330);
  assert.equal(gapOf([on("09:00:00", "10:00:00"), on("09:10:00", "09:20:00"), on("10:01:00", "10:30:00")]), 60);
  assert.equal(gapOf([on("09:00:00", "10:00:00")]), 0);
});

test("a pause is said in the unit that fits it", () => {
  assert.deepEqual([40, 60, 245, 3900].map(gapWords), ["40 s", "1 min", "4 min", "1:05 h"]);
});

test("equal parts begin at whole minutes, unless a part would be too short", () => {
  assert.deepEqual(equalCuts(5400, 2), [0, 2700]);
  assert.deepEqual(equalCuts(5000, 3), [0, 1680, 3360]);
  assert.deepEqual(equalCuts(130, 2), [0, 60]);
  assert.deepEqual(equalCuts(185, 3), [0, 60, 120]);
});

test("no cut leaves less than a minute, however many parts there are", () => {
  for (let seconds = 120; seconds < 2000; seconds += 7) {
    for (let count = 2; count <= mostParts(seconds); count += 1) assert.ok(areCuts(equalCuts(seconds, count), seconds), `${seconds} s in ${count}`);
  }
  assert.equal(mostParts(119), 1);
  assert.equal(mostParts(86_400), 20);
});

test("cuts ascend from the begin, within the session", () => {
  assert.ok(areCuts([0, 60, 120], 180));
  for (const wrong of [[60, 120], [0, 59], [0, 121], [0, 120, 60], [0, NaN], [0, -60], []]) assert.ok(!areCuts(wrong, 180), String(wrong));
});

test("one more cut halves the longest part, which keeps its remarks to itself", () => {
  const part = (from_seconds: number): SessionPart => ({ entry_id: `p${from_seconds}`, from_seconds, class: "flight", pilot: "Anna", remarks: "Oil" });

  const parts = withCut([part(0), part(600)], 4200);

  assert.deepEqual(parts.map(({ from_seconds }) => from_seconds), [0, 600, 2400]);
  assert.deepEqual(parts.map(({ remarks }) => remarks), ["Oil", "Oil", null]);
  assert.deepEqual(parts.slice(0, 2), [part(0), part(600)]);
  assert.equal(new Set(parts.map(({ entry_id }) => entry_id)).size, 3);
});

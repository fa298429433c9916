import assert from "node:assert/strict";
import { test } from "node:test";

import { COLUMN_NAMES, exportRow } from "../../../site_sym/src/sessions/export/columns.ts";
import cells from "../../csv_cells.json" with { type: "json" };
import type { LogEntry, Plane } from "../../../site_sym/src/data/rows.ts";
import { columnLetters } from "../../../site_sym/src/format/columnLetters.ts";
import { csvCell } from "../../../site_sym/src/format/csv.ts";
import { CsvWriter } from "../../../site_sym/src/sessions/export/csv.ts";
import { ForeFlightWriter } from "../../../site_sym/src/sessions/export/foreflight.ts";
import { JsonWriter } from "../../../site_sym/src/sessions/export/json.ts";
import { xlsxCell, xmlText } from "../../../site_sym/src/sessions/export/xlsx.ts";

const ENTRY = {
  entry_id: "s1",
  kind: "session",
  session_ids: ["s1"],
  gap_seconds: 0,
  part_number: null,
  part_count: null,
  session_id: "s1",
  registration: "D-EKLM",
  effective_start: "2026-10-25T00:30:00+00:00",
  session_start: "2026-10-25T00:30:00+00:00",
  session_end: "2026-10-25T01:30:01+00:00",
  run_seconds: 3601,
  pilot: "=1+1",
  remarks: 'He said "go", twice',
  hobbs_start_seconds: 36_000,
  hobbs_end_seconds: 39_601,
  engine_seconds: 3000,
  engine_hobbs_start_seconds: 0,
  engine_hobbs_end_seconds: 3000,
  bus_start_mv: 12_400,
  bus_min_mv: 8900,
  bus_max_mv: 14_100,
  class: null,
  suggested_class: "flight",
  state: "ended",
  quality: "measured",
  checkpoint_seconds: 60,
  start_uncertainty_s: null,
  short: false,
  excluded: false,
  overlaps: true,
  device_name: null,
  device_uuid: null,
  boot: null,
} as LogEntry;

test("text that a spreadsheet would calculate is guarded", () => {
  for (const [text, cell] of Object.entries(cells)) {
    const written = csvCell(text);
    assert.equal(written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written, cell, JSON.stringify(text));
  }
  assert.equal(csvCell('=A,"B"'), `"'=A,""B"""`);
});

test("quotes, commas and line breaks follow RFC 4180", () => {
  assert.equal(csvCell('a "b", c'), '"a ""b"", c"');
  assert.equal(csvCell("two\nlines"), '"two\nlines"');
  assert.equal(csvCell("Weiß"), "Weiß");
  assert.equal(csvCell(null), "");
  assert.equal(csvCell("a;b"), '"a;b"');
  assert.equal(csvCell(-5), "-5");
});

test("a row has its times in UTC, its duration twice, and every column", () => {
  const row = exportRow(ENTRY);

  assert.deepEqual(Object.keys(row), COLUMN_NAMES);
  assert.equal(row.effective_start, "2026-10-25T00:30:00Z");
  assert.equal(row.run_seconds, 3601);
  assert.equal(row.run_hours, 1.0003);
  assert.equal(row.hobbs_end_hours, 11.0003);
});

test("a column has the name that the database gives it; one in hours is that of the seconds", () => {
  const row: Record<string, unknown> = exportRow(ENTRY);
  const entry: Record<string, unknown> = { ...ENTRY, power_ups: 1, session_ids: "s1" };

  for (const name of COLUMN_NAMES) {
    const inHours = name.endsWith("_hours");
    const value = entry[inHours ? name.replace(/hours$/, "seconds") : name];
    assert.notEqual(value, undefined, name);
    if (inHours) assert.equal(Math.round(Number(row[name]) * 3600), value, name);
    else if (typeof value === "string" && value.includes("T")) assert.equal(Date.parse(String(row[name])), Date.parse(value), name);
    else assert.equal(row[name], value, name);
  }
});

test("an entry of several sessions has one row that counts and names them; a part says which one it is", () => {
  const merged = exportRow({ ...ENTRY, entry_id: "e1", kind: "merged", session_id: null, session_ids: ["s1", "s2", "s3"], gap_seconds: 240 });
  const part = exportRow({ ...ENTRY, entry_id: "p2", kind: "part", part_number: 2, part_count: 3 });

  assert.deepEqual([merged.entry_id, merged.kind, merged.session_id, merged.power_ups, merged.session_ids, merged.gap_seconds], ["e1", "merged", null, 3, "s1 s2 s3", 240]);
  assert.deepEqual([part.entry_id, part.kind, part.session_id, part.power_ups, part.part_number, part.part_count], ["p2", "part", "s1", 1, 2, 3]);
});

test("what an export had before merging stands where it stood: programs read these files by place, too", () => {
  const before = "session_id,registration,effective_start,session_end,run_seconds,run_hours,hobbs_start_hours,hobbs_end_hours,engine_seconds,engine_hobbs_start_hours,engine_hobbs_end_hours,class,suggested_class,pilot,remarks,state,quality,checkpoint_seconds,start_uncertainty_s,short,excluded,overlaps,session_start,device_name,device_uuid,boot,bus_start_mv,bus_min_mv,bus_max_mv";

  assert.ok(COLUMN_NAMES.join(",").startsWith(`${before},`));
});

test("a row has its engine time, and nothing where it was not sensed", () => {
  const NOT_SENSED = { engine_seconds: null, engine_hobbs_start_seconds: null, engine_hobbs_end_seconds: null, bus_start_mv: null, suggested_class: null };
  const engineOf = ({ engine_seconds, engine_hobbs_start_hours, engine_hobbs_end_hours, bus_start_mv, suggested_class }: ReturnType<typeof exportRow>) =>
    [engine_seconds, engine_hobbs_start_hours, engine_hobbs_end_hours, bus_start_mv, suggested_class];

  assert.deepEqual(engineOf(exportRow(ENTRY)), [3000, 0, 0.8333, 12_400, "flight"]);
  assert.deepEqual(engineOf(exportRow({ ...ENTRY, ...NOT_SENSED })), [null, null, null, null, null]);
});

test("a CSV file begins with its mark and its header and ends its lines with CRLF", async () => {
  const writer = new CsvWriter();
  writer.add([exportRow(ENTRY)]);

  const bytes = new Uint8Array(await writer.finish().arrayBuffer());
  const lines = new TextDecoder().decode(bytes).split("\r\n");

  assert.deepEqual([...bytes.slice(0, 3)], [0xef, 0xbb, 0xbf]);
  assert.equal(lines[0], COLUMN_NAMES.join(","));
  assert.equal(lines.length, 3);
});

test("no sessions are an empty array", async () => {
  assert.deepEqual(JSON.parse(await new JsonWriter().finish().text()), []);
});

test("a workbook holds texts as texts and instants as days", () => {
  assert.match(xlsxCell("pilot", "=1+1"), /t="inlineStr".*>=1\+1</);
  assert.match(xlsxCell("effective_start", "2026-01-01T12:00:00Z"), /<v>46023\.5<\/v>/);
  assert.deepEqual([1, 26, 27, 52, 53].map(columnLetters), ["A", "Z", "AA", "AZ", "BA"]);
  assert.equal(xmlText('<b> & "q"\u0001'), '&lt;b&gt; &amp; "q"');
});

test("ForeFlight gets its title, the aircraft, then the flights, in every column of its template", async () => {
  const writer = new ForeFlightWriter([{ registration: "D-EKLM", type_designator: "C172", make: "Cessna, Inc.", model: null } as Plane]);
  const count = writer.add([exportRow(ENTRY)]);
  const bytes = new Uint8Array(await writer.finish().arrayBuffer());
  const lines = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).split("\r\n");

  assert.equal(count, 1);
  assert.match(lines[0] ?? "", /^ForeFlight Logbook Import,/);
  assert.deepEqual(lines.slice(1, 3), ["", "Aircraft Table"]);
  assert.equal(lines[4], 'D-EKLM,aircraft,C172,,"Cessna, Inc.",,,,,,,,,');
  assert.deepEqual(lines.slice(5, 7), ["", "Flights Table"]);
  const [names, cells] = [lines[7]?.split(",") ?? [], lines[8]?.match(/("(""|[^"])*"|[^,]*)(,|$)/g)?.map((cell) => cell.replace(/,$/, "")) ?? []];
  const flight = Object.fromEntries(names.map((name, n) => [name, cells[n]]));
  const filled = Object.entries(flight).filter(([, value]) => value !== "");
  assert.deepEqual(Object.fromEntries(filled), {
    Date: "2026-10-25",
    AircraftID: "D-EKLM",
    TimeOut: "00:30",
    TimeIn: "01:30",
    TotalTime: "1.0",
    HobbsStart: "10.0",
    HobbsEnd: "11.0",
    PilotComments: '"Pilot: =1+1. He said ""go"", twice"',
  });
});

test("what was no flight, counts in no total or has no plane is none of ForeFlight's", () => {
  const writer = new ForeFlightWriter([]);
  const others: Partial<LogEntry>[] = [{ class: "maintenance" }, { class: "test" }, { excluded: true }, { quality: "flagged" }, { registration: null }];

  assert.equal(writer.add(others.map((other) => exportRow({ ...ENTRY, ...other }))), 0);
  assert.equal(writer.add([exportRow({ ...ENTRY, class: "flight" })]), 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { COLUMN_NAMES, exportRow } from "../../../site_sym/src/lib/export/columns.ts";
import cells from "../../csv_cells.json" with { type: "json" };
import { csvCell, CsvWriter } from "../../../site_sym/src/lib/export/csv.ts";
import { ForeFlightWriter } from "../../../site_sym/src/lib/export/foreflight.ts";
import { JsonWriter } from "../../../site_sym/src/lib/export/json.ts";
import { xlsxCell, xmlText } from "../../../site_sym/src/lib/export/xlsx.ts";
import type { Plane, Session } from "../../../site_sym/src/lib/model.ts";

const SESSION = {
  id: "s1",
  registration: "D-EKLM",
  start: "2026-10-25T00:30:00+00:00",
  reportedStart: "2026-10-25T00:30:00+00:00",
  end: "2026-10-25T01:30:01+00:00",
  runSeconds: 3601,
  pilot: "=1+1",
  remarks: 'He said "go", twice',
  hobbsStartSeconds: 36_000,
  hobbsEndSeconds: 39_601,
  class: null,
  state: "ended",
  quality: "measured",
  checkpointSeconds: 60,
  startUncertaintySeconds: null,
  short: false,
  excluded: false,
  overlaps: true,
  deviceName: null,
  deviceUuid: null,
  boot: null,
} as Session;

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
  const row = exportRow(SESSION);

  assert.deepEqual(Object.keys(row), COLUMN_NAMES);
  assert.equal(row.session_start, "2026-10-25T00:30:00Z");
  assert.equal(row.duration_s, 3601);
  assert.equal(row.duration_h, 1.0003);
  assert.equal(row.hobbs_end_h, 11.0003);
});

test("a CSV file begins with its mark and its header and ends its lines with CRLF", async () => {
  const writer = new CsvWriter();
  writer.add([exportRow(SESSION)]);

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
  assert.match(xlsxCell("session_start", "2026-01-01T12:00:00Z"), /<v>46023\.5<\/v>/);
  assert.equal(xmlText('<b> & "q"\u0001'), '&lt;b&gt; &amp; "q"');
});

test("ForeFlight gets its title, the aircraft, then the flights, in every column of its template", async () => {
  const writer = new ForeFlightWriter([{ registration: "D-EKLM", typeDesignator: "C172", make: "Cessna, Inc.", model: null } as Plane]);
  const count = writer.add([exportRow(SESSION)]);
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
  const others: Partial<Session>[] = [{ class: "maintenance" }, { class: "test" }, { excluded: true }, { quality: "flagged" }, { registration: null }];

  assert.equal(writer.add(others.map((other) => exportRow({ ...SESSION, ...other }))), 0);
  assert.equal(writer.add([exportRow({ ...SESSION, class: "flight" })]), 1);
});

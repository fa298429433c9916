import assert from "node:assert/strict";
import { test } from "node:test";

import { strToU8 } from "fflate";

import { fatesOf, meetingRows, readRows, toImport } from "../../../site_sym/src/imports/fates.ts";
import { columnNames, guess, keep, type Mapping, missingFields, remembered } from "../../../site_sym/src/imports/mapping.ts";
import { readFile } from "../../../site_sym/src/imports/readFile.ts";
import { type ReadRow, RowReader } from "../../../site_sym/src/imports/rows.ts";
import type { Sheet } from "../../../site_sym/src/imports/sheet.ts";
import { parseClass, parseLength, parseTime, parseWritten } from "../../../site_sym/src/imports/values.ts";
import { type SampleCell, workbook } from "./importSamples.ts";

const PLANES = [
  { plane_id: "p1", registration: "D-EKLM" },
  { plane_id: "p2", registration: "N123AB" },
];
const YEAR = 2026;

async function sheetOf(file: string | Uint8Array): Promise<Sheet> {
  const [sheet] = (await readFile(typeof file === "string" ? strToU8(file) : file)).sheets;
  assert.ok(sheet);
  return sheet;
}

function guessed(sheet: Sheet, zone = "UTC", planes = PLANES): Mapping {
  return guess(sheet, { planes, zone, localZone: "Europe/Berlin" });
}

function read(sheet: Sheet, mapping: Mapping): ReadRow[] {
  const reader = new RowReader(sheet, mapping, { planes: PLANES, thisYear: YEAR });
  return Array.from({ length: reader.length }, (_, i) => reader.read(i));
}

/** A row in short: "6 p1 2025-04-03T08:00:00Z 5400", or what it is instead. */
function short(row: ReadRow): string {
  if (row.state === "passed_over") return `${row.row_number} ${row.why}`;
  if (row.state === "fault") return `${row.row_number} ${row.fault}${row.text && ` ${row.text}`}`;
  const { plane_id, start, seconds } = row.entry;
  return [row.row_number, plane_id, start, seconds, ...row.notes].join(" ");
}

async function all(file: string | Uint8Array, zone = "UTC"): Promise<string[]> {
  const sheet = await sheetOf(file);
  const mapping = guessed(sheet, zone);
  assert.deepEqual(missingFields(sheet, mapping), []);
  return read(sheet, mapping).map(short);
}

test("a German Excel's file is read without a word: title, umlauts, comma, h:mm, a sum at the end", async () => {
  const text =
    "Bordbuch D-EKLM;;;;;;;\r\n;;;;;;;\r\nDatum;Kennzeichen;Startzeit;Landezeit;Flugzeit;Flugart;Pilot;Bemerkungen\r\n" +
    "03.04.2025;D-EKLM;10:00;11:30;1:30;Schulung;Jürg Weiß;\"Platzrunden;\nWind\"\r\n03.04.2025;d eklm;23:30;0:15;0,75;Werkstattflug;;\r\n;;;;;;;\r\n" +
    "24.12.98;D-EKLM;9.05;;1,5;Segeln;;\r\nSumme;;;;3,75;;;\r\n";
  const bytes = Uint8Array.from([...text].map((char) => char.charCodeAt(0)));
  const sheet = await sheetOf(bytes);
  const rows = read(sheet, guessed(sheet, "Europe/Berlin"));

  assert.deepEqual(rows.map(short), [
    "4 p1 2025-04-03T08:00:00Z 5400",
    "5 p1 2025-04-03T21:30:00Z 2700",
    "6 blank",
    "7 p1 1998-12-24T08:05:00Z 5400 class_unknown",
    "8 total",
  ]);
  const [first, second] = rows;
  assert.ok(first?.state === "entry" && second?.state === "entry");
  assert.deepEqual([first.entry.class, first.entry.pilot, first.entry.remarks], ["flight", "Jürg Weiß", "Platzrunden;\nWind"]);
  assert.equal(second.entry.class, "maintenance");
});

test("a US Excel's file is read by its days above the 12th, with AM and PM and a byte order mark", async () => {
  const text = "\uFEFFAircraft,Date,Time Out,Time In,Total Time,PIC,Remarks\r\nN123AB,4/3/2025,9:05 AM,10:35 AM,1.5,Amelia,\r\nN123AB,4/23/2025,12:15 PM,1:15 PM,1.0,,\r\nTOTAL,,,,2.5,,\r\n";

  assert.deepEqual(await all(text), ["2 p2 2025-04-03T09:05:00Z 5400", "3 p2 2025-04-23T12:15:00Z 3600", "4 total"]);
});

test("Google Sheets and Numbers: ISO days, month names, a duration in words, no registration", async () => {
  const sheets = "Date,Off block,On block,Aircraft\n2025-04-03,14:00,15:00,D-EKLM\n2025-04-04,14:00:30,15:00:30,D-EKLM\n";
  const numbers = "Tabelle 1;;\nDatum;Beginn;Dauer;Kennzeichen\n3. April 2025;10:00;1 h 30 min;D-EKLM\n3. Mär. 2025;10:00;90 min;D-EKLM\n12-Dez-24;10:00;1.5 h;D-EKLM\n";

  assert.deepEqual(await all(sheets), ["2 p1 2025-04-03T14:00:00Z 3600", "3 p1 2025-04-04T14:00:30Z 3600"]);
  assert.deepEqual(await all(numbers), ["3 p1 2025-04-03T10:00:00Z 5400", "4 p1 2025-03-03T10:00:00Z 5400", "5 p1 2024-12-12T10:00:00Z 5400"]);
});

test("a workbook's serial days, fractions and durations over a day are read", async () => {
  const rows: SampleCell[][] = [
    ["Kennzeichen", "Datum", "Block aus", "Dauer"],
    ["D-EKLM", { v: 45750, s: "date" }, { v: 0.375, s: "time" }, { v: 1.25, s: "hours" }],
    ["D-EKLM", { v: 45760, s: "date" }, { v: 0.375, s: "time" }, 1.5],
    [null, null, null, { v: 1.3125, s: "hours" }],
  ];

  assert.deepEqual(await all(workbook({ Log: rows })), ["2 p1 2025-04-03T09:00:00Z 108000", "3 p1 2025-04-13T09:00:00Z 5400", "4 total"]);
});

test("a start at midnight in a workbook's column of moments is no day without a time", async () => {
  const rows: SampleCell[][] = [
    ["registration", "effective_start", "run_seconds"],
    ["D-EKLM", { v: 45750, s: "moment" }, 600],
    ["D-EKLM", { v: 45750.5, s: "moment" }, 601],
  ];

  assert.deepEqual(await all(workbook({ Log: rows }), "Europe/Berlin"), ["2 p1 2025-04-03T00:00:00Z 600", "3 p1 2025-04-03T12:00:00Z 601"]);
});

test("between 3/4 and 4/3 nothing is chosen in silence", async () => {
  const sheet = await sheetOf("Registration,Date,Start,Duration\nD-EKLM,3/4/2025,10:00,1:00\nD-EKLM,5/6/2025,10:00,1:00\n");
  const mapping = guessed(sheet);

  assert.equal(mapping.dateOrder, null);
  assert.deepEqual(missingFields(sheet, mapping), ["order"]);
  assert.deepEqual(read(sheet, mapping).map(short), ["2 wrong_date 3/4/2025", "3 wrong_date 5/6/2025"]);
  assert.equal(short(read(sheet, { ...mapping, dateOrder: "dmy" })[0] as ReadRow), "2 p1 2025-04-03T10:00:00Z 3600");
  assert.equal(short(read(sheet, { ...mapping, dateOrder: "mdy" })[0] as ReadRow), "2 p1 2025-03-04T10:00:00Z 3600");
  const both = await sheetOf("Registration,Date,Start,Duration\nD-EKLM,13/4/2025,10:00,1:00\nD-EKLM,5/16/2025,10:00,1:00\n");
  assert.deepEqual(missingFields(both, guessed(both)), ["order"]);
});

test("an earlier answer to that question is no answer for a file that does not tell", async () => {
  const sheet = await sheetOf("Registration,Date,Start,Duration\nD-EKLM,3/4/2025,10:00,1:00\n");
  const mapping = { ...guessed(sheet), dateOrder: "dmy" as const, zone: "Europe/Berlin", unit: "minutes" as const };

  const known = remembered(sheet, guessed(sheet), [{}, null, keep(sheet, mapping)]);

  assert.deepEqual(known, { ...mapping, dateOrder: null });
  assert.equal(remembered(await sheetOf("Registration,Date,Begin,Duration\nD-EKLM,3/4/2025,10:00,1:00\n"), guessed(sheet), [keep(sheet, mapping)]), undefined);
});

test("start and end without a duration, over midnight and with days of their own", async () => {
  const text =
    "registration,start,end\nD-EKLM,2025-04-03 23:10,00:20\nD-EKLM,2025-04-03T10:00:00Z,2025-04-05T11:00:00Z\nD-EKLM,2025-04-03T12:00+02:00,2025-04-03T13:00+02:00\n" +
    "D-EKLM,2025-04-04 10:00,10:00\nD-EKLM,2025-04-04 10:00,2025-04-03 11:00\nD-EKLM,2025-04-04 10:00,\nD-EKLM,2025-04-04 25:00,11:00\n";

  assert.deepEqual(await all(text), [
    "2 p1 2025-04-03T23:10:00Z 4200",
    "3 p1 2025-04-03T10:00:00Z 176400",
    "4 p1 2025-04-03T10:00:00Z 3600",
    "5 no_time_between 10:00",
    "6 no_time_between 2025-04-03 11:00",
    "7 no_length",
    "8 wrong_start 2025-04-04 25:00",
  ]);
});

test("an hour that summer time leaves out is an error, one that comes twice is told by the length or taken first", async () => {
  const text =
    "registration,date,start,end,duration\nD-EKLM,2026-03-29,02:30,,1:00\nD-EKLM,2026-03-29,01:30,03:30,\nD-EKLM,2026-10-25,02:30,,1:00\nD-EKLM,2026-10-25,02:30,04:00,1:30\nD-EKLM,2026-10-25,02:30,04:00,2:30\n";

  assert.deepEqual(await all(text, "Europe/Berlin"), [
    "2 no_such_hour 02:30",
    "3 p1 2026-03-29T00:30:00Z 3600",
    "4 p1 2026-10-25T00:30:00Z 3600 hour_twice",
    "5 p1 2026-10-25T01:30:00Z 5400 hour_twice",
    "6 p1 2026-10-25T00:30:00Z 9000 hour_twice",
  ]);
});

test("an end that differs from start and duration is noted, and the duration counts", async () => {
  const text = "registration,date,start,end,duration\nD-EKLM,2025-04-03,10:00,11:00,0.8\nD-EKLM,2025-04-03,12:00,12:50,0.83\n";

  assert.deepEqual(await all(text), ["2 p1 2025-04-03T10:00:00Z 2880 end_differs", "3 p1 2025-04-03T12:00:00Z 2988"]);
});

test("rows that say nothing that counts are errors with their words, not guesses", async () => {
  const text = "registration,date,start,duration\n,2025-04-03,10:00,1:00\nD-XXXX,2025-04-03,10:00,1:00\nD-EKLM,,10:00,1:00\nD-EKLM,30.02.2025,10:00,1:00\nD-EKLM,2025-04-03,,1:00\nD-EKLM,2025-04-03,10:00,long\nregistration,date,start,duration\n";

  assert.deepEqual(await all(text), ["2 no_plane", "3 unknown_plane D-XXXX", "4 no_date", "5 wrong_date 30.02.2025", "6 no_start", "7 wrong_length long", "8 header"]);
});

test("of headers that stand twice the first is taken, and each has a name of its own", async () => {
  const sheet = await sheetOf("registration,date,start,duration,duration,\nD-EKLM,2025-04-03,10:00,1:00,9:00,x\n");

  assert.deepEqual(columnNames(sheet, 0), ["registration", "date", "start", "duration", "duration (2)", "Column F"]);
  assert.equal(guessed(sheet).columns.duration, 3);
});

test("columns are found by what stands in them where headers say nothing", async () => {
  const sheet = await sheetOf("Vliegtuig,Dag,Van,Tot\nD-EKLM,2025-04-03,10:00,11:00\nN123AB,2025-04-03,10:00,11:00\n");
  const mapping = guessed(sheet);

  assert.equal(mapping.columns.registration, 0);
  assert.equal(mapping.columns.date, 1);
  assert.deepEqual(missingFields(sheet, mapping), ["start", "length"]);
  const only = await sheetOf("date,start,duration\n2025-04-03,10:00,90\n2025-04-03,12:00,45\n");
  const one = guessed(only, "UTC", PLANES.slice(0, 1));
  assert.deepEqual([one.planeId, one.unit], ["p1", "minutes"]);
  assert.deepEqual(missingFields(only, guessed(only)), ["plane"]);
});

test("ten thousand rows are read and compared a thousand at a time, with pauses between", async () => {
  const lines = Array.from({ length: 10_000 }, (_, i) => `D-EKLM;${new Date(Date.UTC(2000, 0, 1 + (i >> 1))).toISOString().slice(0, 10)};${i % 2 ? "15:00" : "10:00"};1:00`);
  const sheet = await sheetOf(`Kennzeichen;Datum;Beginn;Dauer\r\n${lines.join("\r\n")}\r\n`);
  const reader = new RowReader(sheet, guessed(sheet), { planes: PLANES, thisYear: YEAR });
  const { signal } = new AbortController();
  const asked: number[] = [];
  let pauses = 0;
  const ticking = setInterval(() => pauses++);

  const rows = await fatesOf(
    await readRows(reader, signal),
    async (entries) => {
      asked.push(entries.length);
      return entries.map(({ row_number }) => ({ row_number, fate: row_number % 5 === 0 ? "same" : "new", entry_id: null, message: null }));
    },
    signal,
    () => undefined,
  );
  clearInterval(ticking);

  assert.deepEqual(asked, Array.from({ length: 10 }, () => 1000));
  assert.equal(toImport(rows, true).length, 8000);
  assert.ok(pauses >= 10, `${pauses}`);
});

test("rows that share time with an earlier begun one of their plane are possible duplicates, across what is asked at once", () => {
  const entry = (row_number: number, plane_id: string, hour: number, hours: number) => ({
    row_number, plane_id, start: new Date(Date.UTC(2025, 0, 1, hour)).toISOString(), seconds: hours * 3600, class: null, pilot: null, remarks: null, excluded: false,
  });

  const meets = meetingRows([entry(2, "p1", 12, 1), entry(3, "p1", 8, 5), entry(4, "p2", 8, 9), entry(5, "p1", 13, 1), entry(6, "p1", 13, 1)]);

  assert.deepEqual([...meets], [[2, 3], [6, 5]]);
});

test("times, lengths, days and classes as people write them", () => {
  const times = { "9:14": 33240, "09:14:05": 33245, "9.14": 33240, "0914": 33240, "2:30 PM": 52200, "12:00 am": 0, "12:01 p.m.": 43260, "24:00": 86400, "9 Uhr 14": 33240, "14:30Z": 52200 };
  const lengths = { "1:24": 5040, "30:05:00": 108300, "1,4": 5040, "1.4 h": 5040, "84 min": 5040, "1h24": 5040, ".5": 1800, "90 s": 90 };

  for (const [text, seconds] of Object.entries(times)) assert.equal(parseTime(text), seconds, text);
  for (const text of ["", "25:00", "24:01", "9:60", "13:00 PM", "0:30 am", "9", "1.5 h ago"]) assert.equal(parseTime(text), null, text);
  for (const [text, seconds] of Object.entries(lengths)) assert.equal(parseLength(text, "hours"), seconds, text);
  assert.deepEqual([parseLength("90", "minutes"), parseLength("90", "seconds")], [5400, 90]);
  for (const text of ["", "-1", "1:60", "one", "1,5,2"]) assert.equal(parseLength(text, "hours"), null, text);
  assert.deepEqual(parseWritten("Do, 03.04.25", null, YEAR)?.day, { year: 2025, month: 4, day: 3 });
  assert.deepEqual(parseWritten("April 3rd, 2025", null, YEAR)?.day, { year: 2025, month: 4, day: 3 });
  assert.deepEqual(parseWritten("45750.5", null, YEAR), { day: { year: 2025, month: 4, day: 3 }, time: 43200, utc: false });
  for (const text of ["31.4.2025", "2025-13-01", "0/0/2025", "3/4/2025"]) assert.equal(parseWritten(text, null, YEAR), null, text);
  const classes = { Flug: "flight", "Ground run": "ground_run", ground_run: "ground_run", Standlauf: "ground_run", Werkstattflug: "maintenance", avionics_only: "avionics_only", Testflug: "test", Segeln: null, "": null };
  for (const [text, sessionClass] of Object.entries(classes)) assert.equal(parseClass(text), sessionClass, text);
});

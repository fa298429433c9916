import assert from "node:assert/strict";
import { test } from "node:test";

import { strToU8, zipSync } from "fflate";

import cells from "../../csv_cells.json" with { type: "json" };
import type { LogEntry } from "../../../site_sym/src/data/rows.ts";
import { csvCell, withoutGuard } from "../../../site_sym/src/format/csv.ts";
import { readFile } from "../../../site_sym/src/imports/readFile.ts";
import { COLUMN_NAMES, exportRow } from "../../../site_sym/src/sessions/export/columns.ts";
import { XlsxWriter } from "../../../site_sym/src/sessions/export/xlsx.ts";
import { MAX_FILE_BYTES, MAX_ROWS, type Refusal, RefusedFile } from "../../../site_sym/src/imports/sheet.ts";
import { type SampleCell, workbook } from "./importSamples.ts";

const TABLE = "Kennzeichen;Datum;Beginn;Dauer\r\nD-EKLM;03.04.2025;10:00;1,5\r\n";

function utf16(text: string, isBig: boolean, mark: boolean): Uint8Array {
  const units = [...(mark ? "\uFEFF" : ""), ...text].map((char) => char.charCodeAt(0));
  return Uint8Array.from(units.flatMap((unit) => (isBig ? [unit >> 8, unit & 255] : [unit & 255, unit >> 8])));
}

function latin(text: string): Uint8Array {
  return Uint8Array.from([...text].map((char) => (char === "€" ? 0x80 : char.charCodeAt(0))));
}

async function refusalOf(bytes: Uint8Array): Promise<Refusal | null> {
  try {
    await readFile(bytes);
    return null;
  } catch (error) {
    if (error instanceof RefusedFile) return error.refusal;
    throw error;
  }
}

test("a text is read in the encoding that it has", async () => {
  const umlauts = `${TABLE}D-EKLM;04.04.2025;10:00;Jürg Weiß, 5 €\r\n`;
  const written = {
    "utf-8": [strToU8(umlauts), strToU8(`\uFEFF${umlauts}`)],
    "utf-16le": [utf16(umlauts, false, true), utf16(umlauts, false, false)],
    "utf-16be": [utf16(umlauts, true, true), utf16(umlauts, true, false)],
    "windows-1252": [latin(umlauts)],
  };

  for (const [encoding, files] of Object.entries(written)) {
    for (const bytes of files) {
      const file = await readFile(bytes);

      assert.equal(file.encoding, encoding);
      assert.deepEqual(file.sheets[0]?.rows[0], ["Kennzeichen", "Datum", "Beginn", "Dauer"]);
      assert.equal(file.sheets[0]?.rows[2]?.[3], "Jürg Weiß, 5 €");
    }
  }
});

test("the separator is the one that the rows agree about, or the one that Excel wrote on top", async () => {
  const separators = {
    ";": "a;b;c\n1,5;2,5;3,5\n1,5;2,5;3,5\n",
    ",": 'a,b,c\n"1;2",2,3\n1,2,"x;y;z;u"\n',
    "\t": "a\tb\n1,5\t2;3\n1,5\t2;3\n",
    "|": "a|b|c\n1,5|2|3\n",
  };

  for (const [separator, text] of Object.entries(separators)) assert.equal((await readFile(strToU8(text))).separator, separator);
  const said = await readFile(strToU8("sep=:\r\na:b\r\n1;2:3;4\r\n"));
  assert.deepEqual(said.sheets[0]?.rows.slice(0, 2), [["a", "b"], ["1;2", "3;4"]]);
});

test("quoted line breaks, separators and quotes stay in their cell", async () => {
  const file = await readFile(strToU8('Date,Remarks\r\n2025-04-03,"two\nlines, and ""quotes"""\r\n'));

  assert.deepEqual(file.sheets[0]?.rows[1], ["2025-04-03", 'two\nlines, and "quotes"']);
});

test("the apostrophes that guard our own exports go, all others stay", () => {
  for (const text of ["=1+1", "+49", "-5", "@SUM(A1)", "a;=b", "\t=c", "plain", "D'Arcy", "'quoted'", ...Object.keys(cells)]) {
    // Through a file, as a spreadsheet reads it.
    const cell = csvCell(text);
    const read = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
    if (/^'/.test(text) || /[;\t]\s*'/.test(text)) continue;
    assert.equal(withoutGuard(read), text);
  }
});

test("a workbook's days are serial numbers, its times fractions of a day, its durations longer than one", async () => {
  const rows: SampleCell[][] = [
    ["Registration", "Date", "Off", "Duration", "Remarks", "On"],
    ["D-EKLM", { v: 45750, s: "date" }, { v: 0.3847222222222222, s: "time" }, { v: 1.2534722222222223, s: "hours" }, "fine", { v: 45751.5, s: "moment" }],
    ["D-EKLM", { v: 45751, s: "date" }, { v: 0, s: "time" }, 1.5, true, { error: "#DIV/0!" }],
  ];

  const file = await readFile(workbook({ Log: rows, Empty: [] }));

  assert.deepEqual(file.sheets.map(({ name }) => name), ["Log"]);
  assert.deepEqual(file.sheets[0]?.rows[1], ["D-EKLM", "2025-04-03", "9:14:00", "30:05:00", "fine", "2025-04-04T12:00:00"]);
  assert.deepEqual(file.sheets[0]?.rows[2], ["D-EKLM", "2025-04-04", "0:00:00", "1.5", "true", ""]);
});

test("our own workbook, which names no cell's address, is read to the second", async () => {
  const said = { effective_start: "2025-10-25T22:00:01Z", session_end: "2025-10-26T00:00:00Z", session_start: "2025-10-25T22:00:01Z", run_seconds: 7199, pilot: null, remarks: "=a & b" };
  const writer = new XlsxWriter();
  const nothing = Object.fromEntries(COLUMN_NAMES.map((name) => [name.replace(/_hours$/, "_seconds"), null]));
  writer.add([exportRow({ ...nothing, session_ids: [], ...said } as unknown as LogEntry)]);

  const file = await readFile(new Uint8Array(await writer.finish([]).arrayBuffer()));

  const [names = [], row = []] = file.sheets[0]?.rows ?? [];
  const cell = (name: string) => row[names.indexOf(name)];
  assert.deepEqual(["Start (UTC)", "End (UTC)", "Duration (s)", "Pilot", "Remarks"].map(cell), ["2025-10-25T22:00:01", "2025-10-26", "7199", "", "=a & b"]);
});

test("what is no table is refused for what it is, whatever it is called", async () => {
  const files: [Refusal, Uint8Array][] = [
    ["pdf", strToU8("%PDF-1.7\n…")],
    ["old_excel", Uint8Array.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])],
    ["web_page", strToU8("\r\n<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table><tr><td>1</td></tr></table>")],
    ["web_page", strToU8("<!DOCTYPE html><p>Sign in")],
    ["xml", strToU8('<?xml version="1.0"?><Workbook></Workbook>')],
    ["empty", new Uint8Array()],
    ["binary", Uint8Array.from({ length: 400 }, (_, i) => (i * 7) % 256)],
    ["json", strToU8('{"a": 1}')],
    ["json", strToU8("[1, 2")],
    ["no_table", strToU8("Dear all,\nplease find attached the log.\n")],
    ["no_table", strToU8("a,b,c\n")],
    ["zip", zipSync({ "log.csv": strToU8(TABLE) })],
    ["ods", zipSync({ "content.xml": strToU8("<office/>"), mimetype: strToU8("x") })],
    ["numbers", zipSync({ "Index/Document.iwa": strToU8("x") })],
    ["broken", workbook({ Log: [["a", "b"]] }).slice(0, 300)],
    ["broken", zipSync({ "xl/workbook.xml": strToU8("<workbook") })],
    ["too_large", new Uint8Array(MAX_FILE_BYTES + 1)],
    ["too_many_rows", strToU8("a,b\n".repeat(MAX_ROWS + 1))],
  ];

  for (const [refusal, bytes] of files) assert.equal(await refusalOf(bytes), refusal);
});

test("a workbook that unpacks to far more than it is is refused before it is unpacked", async () => {
  const bomb = zipSync({ "xl/workbook.xml": strToU8("<workbook/>"), "xl/worksheets/sheet1.xml": new Uint8Array(90_000_000) });

  assert.ok(bomb.length < MAX_FILE_BYTES);
  assert.equal(await refusalOf(bomb), "bomb");
});

test("our JSON is read by its names", async () => {
  const file = await readFile(strToU8('[\n{"registration":"D-EKLM","pilot":null,"excluded":false,"remarks":"=1"},\n{"registration":"D-EKLN","run_seconds":5}\n]\n'));

  assert.deepEqual(file.sheets[0]?.rows, [
    ["registration", "pilot", "excluded", "remarks", "run_seconds"],
    ["D-EKLM", "", "false", "=1", ""],
    ["D-EKLN", "", "", "", "5"],
  ]);
});

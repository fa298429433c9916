/** Workbooks of Excel, Google Sheets, LibreOffice, Numbers and our own export. */

import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import readXlsxFile from "read-excel-file/universal";

import { columnLetters } from "../format/columnLetters.ts";
import { MAX_ROWS, RefusedFile, type Sheet, type SheetFile } from "./sheet.ts";

/** What 10,000 rows unpack to, many times over. */
const MAX_UNPACKED_BYTES = 80_000_000;
const DAY_MS = 86_400_000;
/** 1 January 1970 as a spreadsheet counts days. */
const EPOCH_DAYS = 25_569;
/** What has a date's format and lies before it is a time of day or a duration: nobody flew in 1900. */
const FIRST_DATE_DAYS = 366;

const two = (value: number) => String(value).padStart(2, "0");

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (!(value instanceof Date)) return String(value);
  const seconds = Math.round((value.getTime() / DAY_MS + EPOCH_DAYS) * 86_400);
  if (Number.isNaN(seconds)) return "";
  if (seconds < FIRST_DATE_DAYS * 86_400) return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  // Days as fractions of a double are exact to some microseconds.
  const text = new Date((seconds - EPOCH_DAYS * 86_400) * 1000).toISOString();
  return text.slice(11, 19) === "00:00:00" ? text.slice(0, 10) : text.slice(0, 19);
}

const NO_ADDRESS = /<c(\s+(?!r=)[\w:]+="[^"]*")*\s*\/?>/;
const ROW_OR_CELL = /<(row|c)((?:\s[^>]*?)?)(\/?)>/g;
const ADDRESS = /\sr="([A-Z]*)(\d+)"/;

/** A sheet with the address of every cell, which the reader needs and writers may leave out, as our own export does. */
function withAddresses(sheet: Uint8Array): Uint8Array {
  const xml = strFromU8(sheet);
  if (!NO_ADDRESS.test(xml)) return sheet;
  let [row, column] = [0, 0];
  const addressed = xml.replace(ROW_OR_CELL, (all: string, name: string, attributes: string, end: string) => {
    const [, letters = "", number] = ADDRESS.exec(attributes) ?? [];
    if (name === "row") {
      [row, column] = [number === undefined ? row + 1 : Number(number), 0];
      return all;
    }
    column = number === undefined ? column + 1 : [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
    return number === undefined ? `<c r="${columnLetters(column)}${row}"${attributes}${end}>` : all;
  });
  return strToU8(addressed);
}

/** The workbook's parts, none compressed: what they unpack to is known before they are unpacked. */
function unpacked(bytes: Uint8Array): ArrayBuffer {
  const names: string[] = [];
  let size = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        names.push(name);
        if (!/\.(xml|rels)$/.test(name)) return false;
        size += originalSize;
        if (size > MAX_UNPACKED_BYTES) throw new RefusedFile("bomb");
        return true;
      },
    });
  } catch (error) {
    throw error instanceof RefusedFile ? error : new RefusedFile("broken");
  }
  if (!names.includes("xl/workbook.xml")) {
    if (names.includes("content.xml")) throw new RefusedFile("ods");
    throw new RefusedFile(names.some((name) => name.startsWith("Index/")) ? "numbers" : "zip");
  }
  for (const [name, content] of Object.entries(files)) if (/^xl\/worksheets\/[^/]+\.xml$/.test(name)) files[name] = withAddresses(content);
  // The reader would start workers from blobs for compressed ones, which the page's policy does not allow.
  return new Uint8Array(zipSync(files, { level: 0 })).buffer;
}

export async function readWorkbook(bytes: Uint8Array): Promise<SheetFile> {
  const archive = unpacked(bytes);
  let sheets: Sheet[];
  try {
    const read = await readXlsxFile(archive);
    sheets = read.map(({ sheet, data }) => ({ name: sheet, rows: data.map((row) => row.map(cellText)) }));
  } catch {
    throw new RefusedFile("broken");
  }
  sheets = sheets.filter(({ rows }) => rows.some((row) => row.some((cell) => cell.trim() !== "")));
  if (sheets.length === 0) throw new RefusedFile("no_table");
  if (sheets.some(({ rows }) => rows.length > MAX_ROWS)) throw new RefusedFile("too_many_rows");
  return { kind: "xlsx", sheets };
}

import { COLUMN_NAMES, type ExportRow, type Value } from "./columns.ts";
import type { SheetWriter } from "./writer.ts";

/** Without it Excel takes UTF-8 for something else. */
const BYTE_ORDER_MARK = "\uFEFF";

/** A cell by RFC 4180. Text that a spreadsheet would calculate gets an apostrophe in front. */
export function csvCell(value: Value): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const guarded = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

function csvLine(row: ExportRow): string {
  return `${COLUMN_NAMES.map((name) => csvCell(row[name])).join(",")}\r\n`;
}

export class CsvWriter implements SheetWriter {
  #parts: BlobPart[] = [BYTE_ORDER_MARK, `${COLUMN_NAMES.join(",")}\r\n`];

  add(rows: ExportRow[]): number {
    // A blob lies outside the page's memory.
    this.#parts.push(new Blob([rows.map(csvLine).join("")]));
    return rows.length;
  }

  finish(): Blob {
    return new Blob(this.#parts, { type: "text/csv;charset=utf-8" });
  }
}

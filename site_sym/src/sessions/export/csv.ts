import { BYTE_ORDER_MARK, csvCell } from "../../format/csv.ts";
import { COLUMN_NAMES, type ExportRow } from "./columns.ts";
import type { SheetWriter } from "./writer.ts";

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

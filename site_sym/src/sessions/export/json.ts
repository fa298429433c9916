import type { ExportRow } from "./columns.ts";
import type { SheetWriter } from "./writer.ts";

/** An array with one object per line. */
export class JsonWriter implements SheetWriter {
  #parts: BlobPart[] = [];

  add(rows: ExportRow[]): number {
    if (rows.length === 0) return 0;
    const begin = this.#parts.length === 0 ? "[\n" : ",\n";
    // A blob lies outside the page's memory.
    this.#parts.push(new Blob([begin + rows.map((row) => JSON.stringify(row)).join(",\n")]));
    return rows.length;
  }

  finish(): Blob {
    return new Blob([...this.#parts, this.#parts.length === 0 ? "[]\n" : "\n]\n"], { type: "application/json" });
  }
}

import type { ExportRow } from "./columns.ts";
import type { SheetWriter } from "./writer.ts";

/** An array with one object per line. */
export class JsonWriter implements SheetWriter {
  #parts: BlobPart[] = [];

  add(rows: ExportRow[]): void {
    if (rows.length === 0) return;
    const begin = this.#parts.length === 0 ? "[\n" : ",\n";
    // A blob lies outside the page's memory.
    this.#parts.push(new Blob([begin + rows.map((row) => JSON.stringify(row)).join(",\n")]));
  }

  finish(): Blob {
    return new Blob([...this.#parts, this.#parts.length === 0 ? "[]\n" : "\n]\n"], { type: "application/json" });
  }
}

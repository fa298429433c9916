import type { ExportRow } from "./columns.ts";
import type { SheetWriter } from "./writer.ts";

/** An array with one object per line. */
export class JsonWriter implements SheetWriter {
  #parts: string[] = [];

  add(rows: ExportRow[]): void {
    for (const row of rows) this.#parts.push(JSON.stringify(row));
  }

  finish(): Blob {
    const body = this.#parts.length === 0 ? "[]\n" : `[\n${this.#parts.join(",\n")}\n]\n`;
    return new Blob([body], { type: "application/json" });
  }
}

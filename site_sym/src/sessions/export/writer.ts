import type { Plane } from "../../data/rows.ts";
import type { ExportRow } from "./columns.ts";
import type { Summary } from "./summary.ts";

/** A file that grows piece by piece, so that the page is never held up for long. */
export interface SheetWriter {
  /** Returns how many of the rows the file takes. */
  add: (rows: ExportRow[]) => number;
  /** @param summary what the rows come to, for a form that has a place for it */
  finish: (summary: Summary) => Blob;
}

export const FILE_FORMATS = ["csv", "xlsx", "json", "foreflight"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];
/** How a file's name ends. */
export const FILE_ENDINGS: Record<FileFormat, string> = { csv: "csv", xlsx: "xlsx", json: "json", foreflight: "foreflight.csv" };

export async function makeWriter(format: FileFormat, planes: Plane[]): Promise<SheetWriter> {
  switch (format) {
    case "csv":
      return new (await import("./csv.ts")).CsvWriter();
    case "json":
      return new (await import("./json.ts")).JsonWriter();
    case "xlsx":
      return new (await import("./xlsx.ts")).XlsxWriter();
    case "foreflight":
      return new (await import("./foreflight.ts")).ForeFlightWriter(planes);
  }
}

import type { ExportRow } from "./columns.ts";

/** A file that grows piece by piece, so that the page is never held up for long. */
export interface SheetWriter {
  add: (rows: ExportRow[]) => void;
  finish: () => Blob;
}

export const FILE_FORMATS = ["csv", "xlsx", "json"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

export async function makeWriter(format: FileFormat): Promise<SheetWriter> {
  switch (format) {
    case "csv":
      return new (await import("./csv.ts")).CsvWriter();
    case "json":
      return new (await import("./json.ts")).JsonWriter();
    case "xlsx":
      return new (await import("./xlsx.ts")).XlsxWriter();
  }
}

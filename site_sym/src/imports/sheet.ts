/** A table as it stands in a file, and what no table can be read from. */

/** The most that is read: a log of 10,000 rows has about half of it. */
export const MAX_FILE_BYTES = 2_000_000;
/** What one import may bring, as the database has it. */
export const MAX_ENTRIES = 10_000;
/** Rows of a file beside the entries: titles, blank ones, sums. */
const MAX_OTHER_ROWS = 1000;
export const MAX_ROWS = MAX_ENTRIES + MAX_OTHER_ROWS;

/**
 * Cells are text whatever the file has: a workbook's dates are `2026-11-23` or `2026-11-23T09:14:00`, its times of day
 * and durations `9:14:00` and `30:05:00`, its numbers have a decimal point.
 */
export interface Sheet {
  /** Of a workbook with several. */
  name: string;
  rows: string[][];
}

export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

export interface SheetFile {
  kind: "csv" | "xlsx" | "json";
  sheets: Sheet[];
  /** Of a text. */
  encoding?: Encoding;
  separator?: string;
}

/** Why a file is not read; pageTexts.ts says each. */
export type Refusal = "too_large" | "empty" | "pdf" | "old_excel" | "web_page" | "xml" | "zip" | "ods" | "numbers" | "broken" | "bomb" | "binary" | "json" | "no_table" | "too_many_rows" | "worker";

export class RefusedFile extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal);
    this.name = "RefusedFile";
    this.refusal = refusal;
  }
}

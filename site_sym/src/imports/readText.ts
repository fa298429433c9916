/** CSV and its relatives, in the encodings and with the separators that spreadsheets write. */

import Papa from "papaparse";

import { withoutGuard } from "../format/csv.ts";
import { type Encoding, MAX_ROWS, RefusedFile, type SheetFile } from "./sheet.ts";

const SEPARATORS = [";", ",", "\t", "|"] as const;
const PREVIEW_ROWS = 50;
/** Of text in a Western language in UTF-16, about half of the bytes are 0; of any other encoding, none is. */
const UTF_16_ZEROS = 0.3;

/** How a text is encoded: by its mark, by what is valid in it, and otherwise as Windows does in the West. */
export function encodingOf(bytes: Uint8Array): Encoding {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const zeros = [0, 0];
  for (let i = 0; i < Math.min(bytes.length, 2000); i++) if (bytes[i] === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros.map((count) => count / Math.max(1, Math.min(bytes.length, 2000) / 2));
  if (odd > UTF_16_ZEROS && even < 0.05) return "utf-16le";
  if (even > UTF_16_ZEROS && odd < 0.05) return "utf-16be";
  if (bytes.includes(0)) throw new RefusedFile("binary");
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return "utf-8";
  } catch {
    return "windows-1252";
  }
}

function parse(text: string, delimiter: string, preview = 0): string[][] {
  const rows = Papa.parse<string[]>(text, { delimiter, preview, skipEmptyLines: false }).data;
  // What stands behind the last line break is no row.
  return rows.at(-1)?.length === 1 && rows.at(-1)?.[0] === "" ? rows.slice(0, -1) : rows;
}

/** The separator that most rows agree about, and which makes the most of them. */
export function separatorOf(text: string): string {
  const said = /^sep=(.)\r?\n/i.exec(text)?.[1];
  if (said !== undefined) return said;
  let best = { separator: ",", worth: 0 };
  for (const separator of SEPARATORS) {
    const widths = parse(text, separator, PREVIEW_ROWS).filter((row) => row.some((cell) => cell.trim() !== "")).map((row) => row.length);
    const counts = new Map<number, number>();
    for (const width of widths) if (width > 1) counts.set(width, (counts.get(width) ?? 0) + 1);
    for (const [width, count] of counts) {
      const worth = (count / widths.length) * Math.min(width, 12);
      if (worth > best.worth) best = { separator, worth };
    }
  }
  return best.separator;
}

export function readText(bytes: Uint8Array): SheetFile {
  const encoding = encodingOf(bytes);
  // A byte order mark is no text.
  const text = new TextDecoder(encoding).decode(bytes);
  const separator = separatorOf(text);
  const rows = parse(text.replace(/^sep=.\r?\n/i, ""), separator, MAX_ROWS + 1);
  if (rows.length > MAX_ROWS) throw new RefusedFile("too_many_rows");
  return { kind: "csv", encoding, separator, sheets: [{ name: "", rows: rows.map((row) => row.map(withoutGuard)) }] };
}

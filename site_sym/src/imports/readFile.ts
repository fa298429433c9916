/** What a file is by its first bytes, whatever it is called, and the table in it. */

import { MAX_FILE_BYTES, MAX_ROWS, type Refusal, RefusedFile, type SheetFile } from "./sheet.ts";

const BEGINNINGS: [Refusal, number[]][] = [
  ["pdf", [0x25, 0x50, 0x44, 0x46]],
  ["old_excel", [0xd0, 0xcf, 0x11, 0xe0]],
];
const ZIP = [0x50, 0x4b];

function beginsWith(bytes: Uint8Array, beginning: number[]): boolean {
  return beginning.every((byte, i) => bytes[i] === byte);
}

/** Our own export: an array of objects, whose names become the headers. */
function readJson(text: string): SheetFile {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    throw new RefusedFile("json");
  }
  if (!Array.isArray(said) || said.length === 0 || said.some((row) => typeof row !== "object" || row === null || Array.isArray(row))) throw new RefusedFile("json");
  if (said.length >= MAX_ROWS) throw new RefusedFile("too_many_rows");
  const names = [...new Set(said.flatMap((row: object) => Object.keys(row)))];
  const cell = (value: unknown) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
  return { kind: "json", sheets: [{ name: "", rows: [names, ...said.map((row: Record<string, unknown>) => names.map((name) => cell(row[name])))] }] };
}

/** @throws RefusedFile */
export async function readFile(bytes: Uint8Array): Promise<SheetFile> {
  if (bytes.length > MAX_FILE_BYTES) throw new RefusedFile("too_large");
  if (bytes.length === 0) throw new RefusedFile("empty");
  for (const [refusal, beginning] of BEGINNINGS) if (beginsWith(bytes, beginning)) throw new RefusedFile(refusal);
  if (beginsWith(bytes, ZIP)) return await (await import("./readWorkbook.ts")).readWorkbook(bytes);
  const begin = new TextDecoder("utf-8").decode(bytes.subarray(0, 512)).trimStart();
  if (/^<\?xml/i.test(begin) && !/<html/i.test(begin)) throw new RefusedFile("xml");
  if (/^<(!doctype|html|head|body|table|meta|\?xml|!--)/i.test(begin)) throw new RefusedFile("web_page");
  const file = /^[[{]/.test(begin) ? readJson(new TextDecoder("utf-8").decode(bytes)) : (await import("./readText.ts")).readText(bytes);
  if (!file.sheets.some(({ rows }) => rows.filter((row) => row.filter((cell) => cell.trim() !== "").length > 1).length > 1)) throw new RefusedFile("no_table");
  return file;
}

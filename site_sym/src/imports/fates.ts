/** What becomes of each row: read here, compared with the log by the database, in pieces between which the page is free. */

import type { ImportCheck, ImportEntry } from "../data/rows.ts";
import type { PassedOver, ReadRow, RowFault, RowNote, RowReader } from "./rows.ts";

export const FATES = ["new", "possible_duplicate", "same", "error", "passed_over"] as const;
export type Fate = (typeof FATES)[number];

export interface FatedRow {
  row_number: number;
  fate: Fate;
  entry: ImportEntry | null;
  /** The entry of the log that it meets; null: none, or another row of the file. */
  entry_id: string | null;
  fault: { name: RowFault; text: string } | null;
  /** The database's words. */
  message: string | null;
  notes: RowNote[];
  why: PassedOver | null;
  /** The row of the file, begun before it, with which it shares time. */
  meets_row: number | null;
}

const READ_AT_ONCE = 250;
/** The API cuts every answer at 1,000 rows. */
const CHECKED_AT_ONCE = 1000;

const breath = () => new Promise<void>((resolve) => setTimeout(resolve));

/** Every row below the headers. @throws the signal's reason */
export async function readRows(reader: RowReader, signal: AbortSignal): Promise<ReadRow[]> {
  const rows: ReadRow[] = [];
  for (let index = 0; index < reader.length; index++) {
    rows.push(reader.read(index));
    if (index % READ_AT_ONCE === READ_AT_ONCE - 1) await breath();
    signal.throwIfAborted();
  }
  return rows;
}

/** For each row that shares time with one of its plane that begins before it, or stands before it: that one. */
export function meetingRows(entries: ImportEntry[]): Map<number, number> {
  const meets = new Map<number, number>();
  const last = new Map<string, { end: number; row_number: number }>();
  for (const { row_number, plane_id, start, seconds } of inOrder(entries)) {
    const begins = Date.parse(start);
    const before = last.get(plane_id);
    if (before !== undefined && before.end > begins) meets.set(row_number, before.row_number);
    const end = begins + seconds * 1000;
    if (before === undefined || end >= before.end) last.set(plane_id, { end, row_number });
  }
  return meets;
}

function inOrder(entries: ImportEntry[]): ImportEntry[] {
  const starts = new Map(entries.map((entry) => [entry, Date.parse(entry.start)]));
  return [...entries].sort((a, b) => (starts.get(a) ?? 0) - (starts.get(b) ?? 0) || a.row_number - b.row_number);
}

/**
 * @param check asks the database about up to 1,000 entries
 * @param tell is told how much is done, up to 1
 */
export async function fatesOf(
  rows: ReadRow[],
  check: (entries: ImportEntry[]) => Promise<ImportCheck[]>,
  signal: AbortSignal,
  tell: (done: number) => void,
): Promise<FatedRow[]> {
  const entries = rows.flatMap((row) => (row.state === "entry" ? [row.entry] : []));
  const checks = new Map<number, ImportCheck>();
  for (let first = 0; first < entries.length; first += CHECKED_AT_ONCE) {
    for (const answer of await check(entries.slice(first, first + CHECKED_AT_ONCE))) checks.set(answer.row_number, answer);
    signal.throwIfAborted();
    tell(Math.min(1, (first + CHECKED_AT_ONCE) / entries.length));
  }
  await breath();
  const meets = meetingRows(entries.filter(({ row_number }) => checks.get(row_number)?.fate !== "error"));
  return rows.map((row) => {
    const nothing = { row_number: row.row_number, entry: null, entry_id: null, fault: null, message: null, notes: [], why: null, meets_row: null };
    if (row.state === "passed_over") return { ...nothing, fate: "passed_over", why: row.why };
    if (row.state === "fault") return { ...nothing, fate: "error", fault: { name: row.fault, text: row.text } };
    const answer = checks.get(row.row_number);
    const meets_row = meets.get(row.row_number) ?? null;
    const said = answer?.fate ?? "error";
    const fate = said === "new" && meets_row !== null ? "possible_duplicate" : said;
    const isMeeting = fate === "possible_duplicate" && (answer?.entry_id ?? null) === null;
    const message = fate === "error" ? (answer?.message ?? null) : null;
    return { ...nothing, fate, entry: row.entry, notes: row.notes, entry_id: answer?.entry_id ?? null, message, meets_row: isMeeting ? meets_row : null };
  });
}

export function countFates(rows: FatedRow[]): Record<Fate, number> {
  const counts = Object.fromEntries(FATES.map((fate) => [fate, 0])) as Record<Fate, number>;
  for (const { fate } of rows) counts[fate]++;
  return counts;
}

/** What is imported: what is new, and, if wanted, what may be a duplicate. */
export function toImport(rows: FatedRow[], withDuplicates: boolean): ImportEntry[] {
  return rows.flatMap(({ fate, entry }) => (entry !== null && (fate === "new" || (withDuplicates && fate === "possible_duplicate")) ? [entry] : []));
}

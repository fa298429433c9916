import type { Backend } from "../../data/backend.ts";
import type { LogEntry, SessionQuery } from "../../data/rows.ts";
import { Tally } from "../totals.ts";
import { exportRow } from "./columns.ts";
import { type Exported, summaryOf } from "./summary.ts";
import { type FileFormat, makeWriter } from "./writer.ts";

/** Between them the page answers to clicks: compressing 1,000 rows of a workbook takes a phone too long. */
const ROWS_AT_ONCE = 200;

/** Every matching entry, each once: one that moved while the pages were read is not repeated. */
export async function* readAll(backend: Backend, fleetId: string, query: SessionQuery, signal: AbortSignal): AsyncGenerator<LogEntry[]> {
  const seen = new Set<string>();
  for await (const page of backend.entries.all(fleetId, query, signal)) {
    const fresh = page.filter(({ entry_id }) => !seen.has(entry_id));
    for (const { entry_id } of fresh) seen.add(entry_id);
    yield fresh;
  }
}

/**
 * All matching entries as a file, newest first; `count` of them are in it.
 * @param onProgress called after each page with the number of entries so far
 * @throws BackendError; nothing special when the signal was aborted, which the caller knows
 */
export async function exportEntries(
  backend: Backend,
  fleetId: string,
  of: Exported,
  format: FileFormat,
  signal: AbortSignal,
  onProgress: (count: number) => void,
): Promise<{ file: Blob; count: number }> {
  const { query, planes } = of;
  const writer = await makeWriter(format, planes);
  // Of the very rows that are in the file: what runs goes on while they are read.
  const tally = new Tally(query);
  let [read, count] = [0, 0];
  for await (const entries of readAll(backend, fleetId, query, signal)) {
    tally.add(entries);
    for (let first = 0; first < entries.length; first += ROWS_AT_ONCE) {
      signal.throwIfAborted();
      count += writer.add(entries.slice(first, first + ROWS_AT_ONCE).map(exportRow));
      await new Promise((resolve) => setTimeout(resolve));
    }
    read += entries.length;
    onProgress(read);
  }
  return { file: writer.finish(summaryOf(tally.totals, of)), count };
}

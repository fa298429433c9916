import { clock } from "../data/clock.svelte.ts";
import { type Problem, problemOf } from "../data/remote.ts";
import type { Plane } from "../data/rows.ts";
import { newId } from "../data/uuid.ts";
import { localZoneName, timeZoneName } from "../format/times.ts";
import type { Fleet } from "../fleet/fleet.svelte.ts";
import { preferences } from "../ui/preferences.svelte.ts";
import { type FatedRow, fatesOf, readRows } from "./fates.ts";
import { guess, keep, type KeptMapping, type Mapping, missingFields, remembered } from "./mapping.ts";
import { readInWorker } from "./reader.ts";
import { RowReader } from "./rows.ts";
import { type Refusal, RefusedFile, type Sheet, type SheetFile } from "./sheet.ts";

const NO_SHEET: Sheet = { name: "", rows: [] };

/** What the rows of the file would become, as far as is known. */
export type Outcome = { state: "incomplete" } | { state: "checking"; done: number } | { state: "failed"; problem: Problem } | { state: "known"; rows: FatedRow[] };

/** A file on its way into the log: chosen, read, compared. */
export class ImportDraft {
  readonly fileName: string;
  /** The import's identity: sent once more it imports nothing twice. */
  batchId = newId();
  file: SheetFile;
  sheetIndex: number = $state(0);
  mapping: Mapping = $state.raw() as Mapping;
  isRemembered: boolean = $state(false);
  outcome: Outcome = $state.raw({ state: "incomplete" });
  #fleet: Fleet;
  #kept: unknown[];
  #stop = new AbortController();

  /** @param kept what earlier imports were read by, newest first */
  constructor(fleet: Fleet, fileName: string, file: SheetFile, kept: unknown[]) {
    this.#fleet = fleet;
    this.fileName = fileName;
    this.file = file;
    this.#kept = kept;
    // The log is the longest table of a workbook.
    const lengths = file.sheets.map(({ rows }) => rows.length);
    this.openSheet(lengths.indexOf(Math.max(...lengths)));
  }

  get sheet(): Sheet {
    return this.file.sheets[this.sheetIndex] ?? NO_SHEET;
  }

  get #planes(): Plane[] {
    return this.#fleet.overview.data?.planes ?? [];
  }

  get missing(): ReturnType<typeof missingFields> {
    return missingFields(this.sheet, this.mapping);
  }

  openSheet(index: number): void {
    this.sheetIndex = index;
    const planes = this.#planes.filter(({ archived_at }) => archived_at === null);
    const guessed = guess(this.sheet, { planes: planes.length === 1 ? planes : this.#planes, zone: timeZoneName(preferences.zone), localZone: localZoneName() ?? "UTC" });
    const known = remembered(this.sheet, guessed, this.#kept);
    const isKnownPlane = known?.planeId === "" || this.#planes.some(({ plane_id }) => plane_id === known?.planeId);
    this.isRemembered = known !== undefined;
    this.change(known === undefined ? guessed : { ...known, planeId: isKnownPlane ? known.planeId : "" });
  }

  change(part: Partial<Mapping>): void {
    this.mapping = { ...this.mapping, ...part };
    void this.check();
  }

  /** How it is read, to be kept with the import. */
  kept(): KeptMapping {
    return keep(this.sheet, this.mapping);
  }

  /** Reads every row and compares it with the log; what was under way for an earlier mapping stops. */
  async check(): Promise<void> {
    this.stop();
    const { signal } = (this.#stop = new AbortController());
    if (this.missing.length > 0) {
      this.outcome = { state: "incomplete" };
      return;
    }
    this.outcome = { state: "checking", done: 0 };
    const { backend, membership } = this.#fleet;
    try {
      const reader = new RowReader(this.sheet, this.mapping, { planes: this.#planes, thisYear: clock.read().getUTCFullYear() });
      const read = await readRows(reader, signal);
      const rows = await fatesOf(
        read,
        (entries) => backend.imports.check(membership.fleet_id, entries, signal),
        signal,
        (done) => (this.outcome = { state: "checking", done }),
      );
      this.batchId = newId();
      this.outcome = { state: "known", rows };
    } catch (error) {
      if (!signal.aborted) this.outcome = { state: "failed", problem: problemOf(error) };
    }
  }

  stop(): void {
    this.#stop.abort();
  }
}

/** The file as a draft, or why there is none. */
export async function openDraft(fleet: Fleet, file: File, kept: unknown[]): Promise<ImportDraft | Refusal> {
  try {
    return new ImportDraft(fleet, file.name, await readInWorker(file), kept);
  } catch (error) {
    if (error instanceof RefusedFile) return error.refusal;
    throw error;
  }
}

import type { Json } from "./database.types.ts";
import type { Rest } from "./rest.ts";
import type { ImportBatch, ImportCheck, ImportEntry } from "./rows.ts";

/** Rows by the thousand take longer than a page's other questions. */
const TIMEOUT_MS = 60_000;

/** A file to bring in, named by the page: the same one again imports nothing twice. */
export interface NewImport {
  batchId: string;
  name: string;
  fileName: string;
  /** How it was read. */
  mapping: object;
  entries: ImportEntry[];
}

/** Our own types are JSON, though TypeScript takes none of their kind for it. */
const asJson = (value: object) => value as Json;

/** Logs that were kept elsewhere. */
export class Imports {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** The newest imports of a fleet, newest first, with what is left of each. */
  async batches(fleetId: string): Promise<ImportBatch[]> {
    return await this.#rest.read(this.#db.rpc("import_batch_status", { fleet_id: fleetId }), "imports");
  }

  /** What would become of each row. @param entries up to 1,000: the API cuts longer answers */
  async check(fleetId: string, entries: ImportEntry[], signal: AbortSignal): Promise<ImportCheck[]> {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    return await this.#rest.read(this.#db.rpc("check_import", { fleet_id: fleetId, entries: asJson(entries) }).abortSignal(inTime), "import_rows");
  }

  /** All of it or nothing. */
  async run(fleetId: string, { batchId, name, fileName, mapping, entries }: NewImport): Promise<void> {
    const said = { batch_id: batchId, fleet_id: fleetId, name, file_name: fileName, mapping: asJson(mapping), entries: asJson(entries) };
    await this.#rest.write(this.#db.rpc("import_sessions", said).abortSignal(AbortSignal.timeout(TIMEOUT_MS)));
  }

  async revert(batchId: string): Promise<void> {
    await this.#rest.write(this.#db.rpc("revert_import", { batch_id: batchId }).abortSignal(AbortSignal.timeout(TIMEOUT_MS)));
  }
}

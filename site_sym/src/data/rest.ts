import { PostgrestClient, type PostgrestError } from "@supabase/postgrest-js";

import { preferences } from "../ui/preferences.svelte.ts";
import type { Config } from "./config.ts";
import { BackendError, FORBIDDEN, problemOf, type Subject, type Unsaved } from "./remote.ts";
import type { CorrectedDatabase } from "./rows.ts";
import { REQUEST_TIMEOUT_MS, type Tokens } from "./tokens.ts";

/** The most that Supabase answers at once unless a project is told otherwise. */
export const MAX_ROWS = 1000;
/** Something with this identity is there. */
export const ALREADY_THERE = "23505";
/** A limit was not kept: a CHECK of the database, which names itself in the message alone. */
const LIMIT_BROKEN = "23514";
/** What `private.check_time_zone` says. */
const UNKNOWN_ZONE = "Unknown time zone";

type Answer<T> = PromiseLike<{ data: T | null; error: PostgrestError | null; status: number }>;

/** Where mail links and invites lead back to: this page, without a hash, which carries the link's answer. */
export function here(): string {
  return location.origin + location.pathname;
}

/** @param subject what was asked for; null for a change */
export function failed(error: PostgrestError, status: number, subject: Subject | null): BackendError {
  if (subject === null && (status === 0 || status >= 500)) return new BackendError({ kind: "unsaved", code: unsaved(error, status) });
  if (status === 0) return new BackendError({ kind: "unreachable", subject });
  if (status === 401) return new BackendError({ kind: "signed_out" });
  if (status === 403 || error.code === FORBIDDEN) return forbidden();
  const limit = error.code === LIMIT_BROKEN ? /check constraint "(\w+)"/.exec(error.message)?.[1] : undefined;
  if (limit !== undefined) return new BackendError({ kind: "refused", code: limit });
  if (status < 500) return new BackendError({ kind: "refused", message: error.message, hint: error.hint, code: error.code });
  return new BackendError({ kind: "fault", subject });
}

function forbidden(): BackendError {
  return new BackendError({ kind: "refused", code: FORBIDDEN });
}

/** Whether the server did it is known only where nothing was sent, or where the database itself says that it failed. */
function unsaved(error: PostgrestError, status: number): Unsaved {
  if (status === 0 && !navigator.onLine) return "offline";
  return status >= 500 && error.code ? "failed" : "unanswered";
}

async function inPieces<T>(piece: (from: number, to: number) => Promise<T[]>): Promise<T[]> {
  const rows: T[] = [];
  for (;;) {
    const more = await piece(rows.length, rows.length + MAX_ROWS - 1);
    rows.push(...more);
    if (more.length < MAX_ROWS) return rows;
  }
}

/** The connection to the database: what answers, refusals and silence mean. */
export class Rest {
  readonly client: PostgrestClient<CorrectedDatabase>;
  #inFlight = new AbortController();

  constructor(config: Config, tokens: Tokens) {
    this.client = new PostgrestClient<CorrectedDatabase>(`${config.supabaseUrl}/rest/v1`, {
      headers: { apikey: config.supabaseKey },
      // The page says at once that something failed, and tries again by itself (live.svelte.ts).
      retry: false,
      fetch: (input, init) => {
        const signals = [this.#inFlight.signal, init?.signal ?? AbortSignal.timeout(REQUEST_TIMEOUT_MS)];
        return tokens.fetch(input, { ...init, signal: AbortSignal.any(signals) });
      },
    });
  }

  /** Ends what is being asked for when the person signs out: its answer would be a refusal. */
  stop(): void {
    this.#inFlight.abort();
    this.#inFlight = new AbortController();
  }

  async read<T>(answer: Answer<T>, subject: Subject | null): Promise<T> {
    const { data, error, status } = await answer;
    if (error) throw failed(error, status, subject);
    return data as T;
  }

  /** In UTC where the database does not know the zone: its list may be older than the browser's. */
  async readInZone<T>(timeZone: string, answerIn: (timeZone: string) => Answer<T>, subject: Subject): Promise<T> {
    const answer = await answerIn(timeZone);
    if (answer.error?.message !== UNKNOWN_ZONE || timeZone === "UTC") return await this.read(Promise.resolve(answer), subject);
    preferences.refuseLocalZone();
    return await this.read(answerIn("UTC"), subject);
  }

  /** A list however long it is: the server cuts every answer, without a word. @param piece rows of it, from one to another */
  async readAll<T>(piece: (from: number, to: number) => Answer<T[]>, subject: Subject): Promise<T[]> {
    return await inPieces((from, to) => this.read(piece(from, to), subject));
  }

  /** @see readAll @see readInZone */
  async readAllInZone<T>(timeZone: string, pieceIn: (timeZone: string, from: number, to: number) => Answer<T[]>, subject: Subject): Promise<T[]> {
    return await inPieces((from, to) => this.readInZone(timeZone, (zone) => pieceIn(zone, from, to), subject));
  }

  /**
   * What goes in pieces, until the last one is gone.
   *
   * @param piece deletes one and answers how many rows are left
   * @param tell is told how much of it is done, up to 1
   */
  async writePieces(piece: () => Answer<number>, tell: (done: number) => void): Promise<void> {
    for (let first = 0; ; ) {
      const left = await this.write(piece());
      if (left === 0) return;
      first ||= left;
      tell(1 - left / first);
    }
  }

  /** A change, with words of its own where it may not have been done. */
  async write<T>(answer: Answer<T>): Promise<T> {
    return await this.read(answer, null);
  }

  /** A change that touched no row was refused by row security, silently. */
  async change<T>(answer: Answer<T>): Promise<T> {
    const data = await this.write(answer);
    if (Array.isArray(data) && data.length === 0) throw forbidden();
    return data;
  }

  /**
   * A row that the page named itself: sent once more it adds no second one, and what was typed meanwhile holds.
   *
   * @param insert asks for the new row
   * @param change writes what was typed into the row that is there
   */
  async add(insert: Answer<unknown[]>, change: () => Promise<void>): Promise<void> {
    try {
      await this.change(insert);
    } catch (error) {
      if (problemOf(error).code !== ALREADY_THERE) throw error;
      await change();
    }
  }

  /** What is gone already is gone: the first answer may have got lost, or another member was faster. */
  async remove(answer: Answer<unknown>, left: () => Answer<unknown[]>): Promise<void> {
    try {
      await this.change(answer);
    } catch (error) {
      if (problemOf(error).kind !== "refused" || (await this.read(left(), null)).length > 0) throw error;
    }
  }
}

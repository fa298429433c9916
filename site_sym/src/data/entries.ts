import { afterCursor, cursorOf, SORT_COLUMNS } from "../sessions/sessionOrder.ts";
import { MAX_ROWS, type Rest } from "./rest.ts";
import {
  type EntryAnnotation,
  type EntryCursor,
  type EntryKind,
  type EntryPage,
  type LogEntry,
  type MergeSuggestion,
  NEWEST_FIRST,
  NO_TOTALS,
  type SessionPart,
  type SessionQuery,
  type Totals,
} from "./rows.ts";
import { IDS_PER_REQUEST, inPieces } from "./sessions.ts";

export const ENTRIES_PER_PAGE = 50;
/** The longest that can be entered by hand; no board has its power for as long. */
const LONGEST_SESSION_MS = 366 * 86_400_000;
/** The Hobbs columns are the costly ones: a list shows those of powered time, an entry's own sheet the engine's, too. */
const WITHOUT_HOBBS =
  "entry_id, kind, session_id, session_ids, gap_seconds, part_number, part_count, fleet_id, plane_id, registration, device_uuid, device_name, effective_start, session_start, session_end, run_seconds, last_update, status, state, quality, short, class, pilot, remarks, excluded, overlaps, checkpoint_seconds, start_source, start_uncertainty_s, boot, firmware, reset_reason, corrected, clock_checked, annotated_by, annotated_at, possible_duplicate_of, received_at, heard_at, flagged, held_seconds, engine_seconds, engine_first_s, bus_start_mv, bus_min_mv, bus_max_mv, suggested_class, batch_id";
const OF_A_LIST = `${WITHOUT_HOBBS}, hobbs_start_seconds, hobbs_end_seconds` as const;
const EVERYTHING = "*";
const NO_ENGINE_HOBBS = { engine_hobbs_start_seconds: null, engine_hobbs_end_seconds: null };
const NO_HOBBS = { hobbs_start_seconds: null, hobbs_end_seconds: null, ...NO_ENGINE_HOBBS };
const EXPORT_TIMEOUT_MS = 60_000;

/** What is said of a merged entry, beside which sessions it has. */
export type Merged = Pick<LogEntry, "class" | "pilot" | "remarks">;

/** A pattern of ILIKE that finds exactly these characters anywhere. */
function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}

/** What is null is left to the database to say. */
function given<T extends object>(values: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as { [Name in keyof T]?: NonNullable<T[Name]> };
}

/** The log of a fleet: sessions, and how people merged and split them. */
export class Entries {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** A page of the log, going on after the cursor: never cut at the server's limit of rows. */
  async page(fleetId: string, query: Partial<SessionQuery>, cursor: EntryCursor | null, perPage = ENTRIES_PER_PAGE): Promise<EntryPage> {
    const { sort = NEWEST_FIRST } = query;
    let wanted = this.#matching(OF_A_LIST, fleetId, query);
    if (cursor !== null) wanted = wanted.or(afterCursor(cursor, sort));
    if (sort.by !== "start") wanted = wanted.order(SORT_COLUMNS[sort.by], { ascending: !sort.descending, nullsFirst: false });
    const oldestFirst = sort.by === "start" && !sort.descending;
    // One more than is shown tells whether there is a next page.
    const rows = await this.#rest.read(
      wanted.order("effective_start", { ascending: oldestFirst }).order("entry_id", { ascending: oldestFirst }).limit(perPage + 1),
      "sessions",
    );
    const entries = rows.slice(0, perPage).map((row) => ({ ...row, ...NO_ENGINE_HOBBS }) as LogEntry);
    const last = entries.at(-1);
    return { entries, next: rows.length > perPage && last ? cursorOf(last, sort) : null };
  }

  /**
   * What was on between two instants, newest first, in one request.
   *
   * @returns `isCut`: there is more than one answer holds
   */
  async between(fleetId: string, from: string, until: string): Promise<{ entries: LogEntry[]; isCut: boolean }> {
    const rows = await this.#rest.read(
      this.#db
        .from("log_entries")
        .select(WITHOUT_HOBBS)
        .eq("fleet_id", fleetId)
        .gt("session_end", from)
        .lt("effective_start", until)
        // Bounds what an index has to be read for.
        .gt("effective_start", new Date(Date.parse(from) - LONGEST_SESSION_MS).toISOString())
        .order("effective_start", { ascending: false })
        .order("entry_id", { ascending: false })
        .limit(MAX_ROWS),
      "sessions",
    );
    return { entries: rows.map((row) => ({ ...row, ...NO_HOBBS }) as LogEntry), isCut: rows.length === MAX_ROWS };
  }

  /** Every entry that matches, newest first whatever its order, in pieces of at most 1,000; a piece that the server cut shorter is no end. */
  async *all(fleetId: string, query: SessionQuery, signal: AbortSignal): AsyncGenerator<LogEntry[]> {
    for (let cursor: EntryCursor | null = null; ; ) {
      let wanted = this.#matching(EVERYTHING, fleetId, query);
      if (cursor !== null) wanted = wanted.or(afterCursor(cursor, NEWEST_FIRST));
      const entries: LogEntry[] = await this.#rest.read(
        wanted
          .order("effective_start", { ascending: false })
          .order("entry_id", { ascending: false })
          .limit(MAX_ROWS)
          .abortSignal(AbortSignal.any([signal, AbortSignal.timeout(EXPORT_TIMEOUT_MS)])),
        "sessions",
      );
      const last = entries.at(-1);
      if (last === undefined) return;
      yield entries;
      cursor = cursorOf(last, NEWEST_FIRST);
    }
  }

  /** What all entries that match come to; nothing if the fleet is the visitor's no more. */
  async totals(fleetId: string, query: Partial<SessionQuery>): Promise<Totals> {
    const rows = await this.#rest.read(this.#db.rpc("log_totals", this.#toSum(fleetId, query)), "sessions");
    return rows[0] ?? NO_TOTALS;
  }

  async one(fleetId: string, entryId: string): Promise<LogEntry | null> {
    const rows = await this.#rest.read(this.#db.from("log_entries").select("*").eq("fleet_id", fleetId).eq("entry_id", entryId), "sessions");
    return rows[0] ?? null;
  }

  /** Those of these sessions that stand by themselves, oldest first; at most 50, as many as one entry has. */
  async plain(fleetId: string, sessionIds: string[]): Promise<LogEntry[]> {
    const rows = await this.#rest.read(
      this.#db.from("log_entries").select(WITHOUT_HOBBS).eq("fleet_id", fleetId).in("entry_id", sessionIds).order("effective_start").order("entry_id"),
      "sessions",
    );
    return rows.map((row) => ({ ...row, ...NO_HOBBS }) as LogEntry);
  }

  /** Which of these entries are still there. */
  async there(fleetId: string, entryIds: string[]): Promise<Set<string>> {
    const there = new Set<string>();
    for (const ids of inPieces(entryIds, IDS_PER_REQUEST)) {
      const rows = await this.#rest.read(this.#db.from("log_entries").select("entry_id").eq("fleet_id", fleetId).in("entry_id", ids), "sessions");
      for (const { entry_id } of rows) there.add(entry_id);
    }
    return there;
  }

  /** Sessions of its plane that begin while a merged entry lasts and are none of its: they came late, or were never chosen. */
  async within({ fleet_id, plane_id, effective_start, session_end }: LogEntry): Promise<LogEntry[]> {
    if (plane_id === null) return [];
    const rows = await this.#rest.read(
      this.#db
        .from("log_entries")
        .select(WITHOUT_HOBBS)
        .eq("fleet_id", fleet_id)
        .eq("plane_id", plane_id)
        .eq("kind", "session")
        .gte("effective_start", effective_start)
        .lt("effective_start", session_end)
        .order("effective_start")
        .order("entry_id")
        .limit(MAX_ROWS),
      "sessions",
    );
    return rows.map((row) => ({ ...row, ...NO_HOBBS }) as LogEntry);
  }

  /** All sessions that were merged into an entry, also those that are elsewhere by now. */
  async merged(entryId: string): Promise<string[]> {
    const rows = await this.#rest.read(this.#db.from("merged_sessions").select("session_id").eq("entry_id", entryId), "sessions");
    return rows.map(({ session_id }) => session_id);
  }

  /** The newest runs of sessions that may be one flight, and what lies close to a merged entry. */
  async suggestions(fleetId: string): Promise<MergeSuggestion[]> {
    return await this.#rest.read(this.#db.rpc("merge_suggestions", { fleet_id: fleetId }), "sessions");
  }

  /**
   * @param entryId its identity: the same one again merges nothing twice
   * @param said what is null is taken from the sessions
   */
  async merge(entryId: string, sessionIds: string[], said: Merged): Promise<void> {
    await this.#rest.write(this.#db.rpc("merge_sessions", { session_ids: sessionIds, entry_id: entryId, ...given(said) }));
  }

  /** Its sessions stand by themselves again. */
  async unmerge(entryId: string): Promise<void> {
    await this.#rest.remove(
      this.#db.from("merged_entries").delete().eq("entry_id", entryId).select("entry_id"),
      () => this.#db.from("merged_entries").select("entry_id").eq("entry_id", entryId),
    );
  }

  async add(entryId: string, sessionIds: string[]): Promise<void> {
    await this.#rest.write(this.#db.rpc("add_to_entry", { entry_id: entryId, session_ids: sessionIds }));
  }

  /** With fewer than two left there is no entry any more. */
  async takeOut(entryId: string, sessionIds: string[]): Promise<void> {
    await this.#rest.write(this.#db.rpc("take_out_of_entry", { entry_id: entryId, session_ids: sessionIds }));
  }

  /** The parts of a session, in their order; none where it is whole. */
  async parts(sessionId: string): Promise<SessionPart[]> {
    return await this.#rest.read(
      this.#db.from("session_parts").select("entry_id, from_seconds, class, pilot, remarks").eq("session_id", sessionId).order("from_seconds"),
      "sessions",
    );
  }

  /** Instead of the parts that it has. */
  async split(sessionId: string, parts: SessionPart[]): Promise<void> {
    await this.#rest.write(this.#db.rpc("split_session", { session_id: sessionId, parts }));
  }

  /** A session without parts again. */
  async join(sessionId: string): Promise<void> {
    await this.#rest.write(this.#db.rpc("join_session", { session_id: sessionId }));
  }

  /** Says something about each of several entries: about all of them or none. */
  async annotate(said: ({ entry_id: string; kind: EntryKind } & EntryAnnotation)[]): Promise<void> {
    await this.#rest.write(this.#db.rpc("annotate_entries", { said }));
  }

  /** The arguments of `log_totals`, by which it finds what `#matching` finds. */
  #toSum(fleetId: string, { plane, device, pilot, mark, from, until, ...query }: Partial<SessionQuery>) {
    return {
      fleet_id: fleetId,
      ...(plane === "none" ? { without_plane: true } : plane && { plane_id: plane }),
      ...(device && { device_uuid: device }),
      ...(query.class && { class: query.class }),
      ...(pilot && { pilot }),
      ...(mark && { mark }),
      ...(from && { from_time: from }),
      ...(until && { until_time: until }),
    };
  }

  #matching<const Columns extends string>(columns: Columns, fleetId: string, query: Partial<SessionQuery>) {
    const { plane, device, pilot, mark, from, until } = query;
    let wanted = this.#db.from("log_entries").select(columns).eq("fleet_id", fleetId);
    if (plane === "none") wanted = wanted.is("plane_id", null);
    else if (plane) wanted = wanted.eq("plane_id", plane);
    if (device) wanted = wanted.eq("device_uuid", device);
    if (query.class === "none") wanted = wanted.is("class", null);
    else if (query.class === "suggested") wanted = wanted.not("engine_seconds", "is", null).not("suggested_class", "is", null);
    else if (query.class) wanted = wanted.eq("class", query.class);
    if (pilot) wanted = wanted.ilike("pilot", containing(pilot));
    if (mark === "short" || mark === "excluded" || mark === "overlaps") wanted = wanted.eq(mark, true);
    else if (mark) wanted = wanted.eq("quality", mark);
    // The quality is worked out row by row; what it follows from has an index.
    if (mark === "flagged") wanted = wanted.eq("flagged", true);
    else if (mark === "hand_entered") wanted = wanted.is("device_uuid", null);
    else if (mark === "clock_estimated") wanted = wanted.eq("start_source", "estimated");
    if (from) wanted = wanted.gte("effective_start", from);
    if (until) wanted = wanted.lt("effective_start", until);
    return wanted;
  }
}

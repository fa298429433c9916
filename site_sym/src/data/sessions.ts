import { afterCursor, cursorOf, SORT_COLUMNS } from "../sessions/sessionOrder.ts";
import { failed, MAX_ROWS, type Rest } from "./rest.ts";
import {
  type Annotation,
  type CorrectedDatabase,
  type HandEntry,
  NEWEST_FIRST,
  type Session,
  type SessionCursor,
  type SessionPage,
  type SessionQuery,
} from "./rows.ts";

export const SESSIONS_PER_PAGE = 50;
/** They stand in an address, which servers cut at some length. */
const IDS_PER_REQUEST = 100;
/** The longest that can be entered by hand; no board has its power for as long. */
const LONGEST_SESSION_MS = 366 * 86_400_000;
/** The Hobbs columns are the costly ones: a list shows those of powered time, the session's own sheet the engine's, too. */
const WITHOUT_HOBBS =
  "session_id, entry_id, fleet_id, plane_id, registration, device_uuid, device_name, effective_start, session_start, session_end, run_seconds, last_update, status, state, quality, short, class, pilot, remarks, excluded, overlaps, checkpoint_seconds, start_source, start_uncertainty_s, boot, firmware, reset_reason, corrected, clock_checked, annotated_by, annotated_at, possible_duplicate_of, received_at, heard_at, flagged, held_seconds, batch_id, engine_seconds, engine_first_s, bus_start_mv, bus_min_mv, bus_max_mv, suggested_class";
const OF_A_LIST = `${WITHOUT_HOBBS}, hobbs_start_seconds, hobbs_end_seconds` as const;
const EVERYTHING = "*";
const NO_ENGINE_HOBBS = { engine_hobbs_start_seconds: null, engine_hobbs_end_seconds: null };
const NO_HOBBS = { hobbs_start_seconds: null, hobbs_end_seconds: null, ...NO_ENGINE_HOBBS };
const EXPORT_TIMEOUT_MS = 60_000;

type EngineHobbs = Pick<Session, "engine_hobbs_start_seconds" | "engine_hobbs_end_seconds">;
type AnnotationInsert = CorrectedDatabase["public"]["Tables"]["session_annotations"]["Insert"];

/** The fleet of an annotation is the server's to say, which the type generator cannot know. */
function annotationOf(session_id: string, row: Annotation | HandEntry): AnnotationInsert {
  return { session_id, ...row } as AnnotationInsert;
}

/** A pattern of ILIKE that finds exactly these characters anywhere. */
function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}

function inPieces<T>(list: T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / length) }, (_, n) => list.slice(n * length, (n + 1) * length));
}

/** The sessions of a fleet, and what people say about them. */
export class Sessions {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** A page of sessions, going on after the cursor: never cut at the server's limit of rows. */
  async page(fleetId: string, query: Partial<SessionQuery>, cursor: SessionCursor | null, perPage = SESSIONS_PER_PAGE): Promise<SessionPage> {
    const { sort = NEWEST_FIRST } = query;
    let wanted = this.#matching(OF_A_LIST, fleetId, query);
    if (cursor !== null) wanted = wanted.or(afterCursor(cursor, sort));
    if (sort.by !== "start") wanted = wanted.order(SORT_COLUMNS[sort.by], { ascending: !sort.descending, nullsFirst: false });
    const oldestFirst = sort.by === "start" && !sort.descending;
    // One more than is shown tells whether there is a next page.
    const rows = await this.#rest.read(
      wanted.order("effective_start", { ascending: oldestFirst }).order("session_id", { ascending: oldestFirst }).limit(perPage + 1),
      "sessions",
    );
    const sessions = rows.slice(0, perPage).map((row) => ({ ...row, ...NO_ENGINE_HOBBS }));
    const last = sessions.at(-1);
    return { sessions, next: rows.length > perPage && last ? cursorOf(last, sort) : null };
  }

  /**
   * What was on between two instants, newest first, in one request.
   *
   * @returns `isCut`: there is more than one answer holds
   */
  async between(fleetId: string, from: string, until: string): Promise<{ sessions: Session[]; isCut: boolean }> {
    const rows = await this.#rest.read(
      this.#db
        .from("session_log")
        .select(WITHOUT_HOBBS)
        .eq("fleet_id", fleetId)
        .gt("session_end", from)
        .lt("effective_start", until)
        // Bounds what an index has to be read for.
        .gt("effective_start", new Date(Date.parse(from) - LONGEST_SESSION_MS).toISOString())
        .order("effective_start", { ascending: false })
        .order("session_id", { ascending: false })
        .limit(MAX_ROWS),
      "sessions",
    );
    return { sessions: rows.map((row) => ({ ...row, ...NO_HOBBS })), isCut: rows.length === MAX_ROWS };
  }

  /** Every session that matches, newest first whatever its order, in pieces of at most 1,000; a piece that the server cut shorter is no end. */
  async *all(fleetId: string, query: SessionQuery, signal: AbortSignal): AsyncGenerator<Session[]> {
    for (let cursor: SessionCursor | null = null; ; ) {
      let wanted = this.#matching(EVERYTHING, fleetId, query);
      if (cursor !== null) wanted = wanted.or(afterCursor(cursor, NEWEST_FIRST));
      const sessions: Session[] = await this.#rest.read(
        wanted
          .order("effective_start", { ascending: false })
          .order("session_id", { ascending: false })
          .limit(MAX_ROWS)
          .abortSignal(AbortSignal.any([signal, AbortSignal.timeout(EXPORT_TIMEOUT_MS)])),
        "sessions",
      );
      const last = sessions.at(-1);
      if (last === undefined) return;
      yield sessions;
      cursor = cursorOf(last, NEWEST_FIRST);
    }
  }

  async count(fleetId: string, query: SessionQuery): Promise<number> {
    const { count, error, status } = await this.#matching(EVERYTHING, fleetId, query, { count: "exact", head: true });
    // An answer without a body says only its status.
    if (error) throw failed(error, status, "sessions");
    return count ?? 0;
  }

  async one(id: string): Promise<Session | null> {
    const rows = await this.#rest.read(this.#db.from("session_log").select("*").eq("session_id", id), "sessions");
    return rows[0] ?? null;
  }

  /** The plane's engine time when the session began and ended, null if it has none; null for a session that is gone. */
  async engineHobbs(id: string): Promise<EngineHobbs | null> {
    const rows = await this.#rest.read(
      this.#db.from("session_log").select("engine_hobbs_start_seconds, engine_hobbs_end_seconds").eq("session_id", id),
      "sessions",
    );
    return rows[0] ?? null;
  }

  /** Names of pilots to choose from, those entered last first; who is in none of the last 1,000 entries is typed. */
  async pilots(fleetId: string): Promise<string[]> {
    const rows = await this.#rest.read(
      this.#db.from("session_annotations").select("pilot").eq("fleet_id", fleetId).not("pilot", "is", null).order("updated_at", { ascending: false }).limit(MAX_ROWS),
      "sessions",
    );
    return [...new Set(rows.map(({ pilot }) => pilot).filter((pilot) => pilot !== null))];
  }

  /** Says something about a session of a device or a hand-entered one; only what is given changes. */
  async annotate(sessionId: string, said: Annotation): Promise<void> {
    await this.#rest.change(
      this.#db.from("session_annotations").upsert(annotationOf(sessionId, said), { onConflict: "session_id" }).select("session_id"),
    );
  }

  /** Says something about each of several sessions, in one request: about all of them or none. Each says the same columns. */
  async annotateAll(said: { sessionId: string; said: Annotation }[]): Promise<void> {
    const rows = said.map(({ sessionId, said }) => annotationOf(sessionId, said));
    await this.#rest.write(this.#db.from("session_annotations").upsert(rows, { onConflict: "session_id" }));
  }

  /** Makes what is suggested of these sessions their class; of how many: one that has a class by now keeps it. */
  async acceptSuggestedClasses(sessionIds: string[]): Promise<number> {
    let count = 0;
    for (const session_ids of inPieces(sessionIds, MAX_ROWS)) {
      count += await this.#rest.write(this.#db.rpc("accept_suggested_classes", { session_ids }));
    }
    return count;
  }

  /** Takes everything back that was said about several sessions. */
  async deleteAnnotations(sessionIds: string[]): Promise<void> {
    for (const ids of inPieces(sessionIds, IDS_PER_REQUEST)) {
      await this.#rest.remove(
        this.#db.from("session_annotations").delete().in("session_id", ids).select("session_id"),
        () => this.#db.from("session_annotations").select("session_id").in("session_id", ids),
      );
    }
  }

  /** Which of these sessions are still there. */
  async there(sessionIds: string[]): Promise<Set<string>> {
    const there = new Set<string>();
    for (const ids of inPieces(sessionIds, IDS_PER_REQUEST)) {
      const rows = await this.#rest.read(this.#db.from("sessions").select("session_id").in("session_id", ids), "sessions");
      for (const { session_id } of rows) there.add(session_id);
    }
    return there;
  }

  /** Takes everything back that was said about a session. Of a hand-entered one nothing is left. */
  async deleteAnnotation(sessionId: string): Promise<void> {
    await this.#rest.remove(
      this.#db.from("session_annotations").delete().eq("session_id", sessionId).select("session_id"),
      () => this.#db.from("session_annotations").select("session_id").eq("session_id", sessionId),
    );
  }

  /** @param sessionId its identity: one that was deleted comes back, and the same one again enters nothing twice */
  async enter(sessionId: string, entry: HandEntry): Promise<void> {
    await this.#rest.change(
      this.#db.from("session_annotations").upsert(annotationOf(sessionId, entry), { onConflict: "session_id" }).select("session_id"),
    );
  }

  async changeEntry(sessionId: string, entry: HandEntry): Promise<void> {
    await this.#rest.change(this.#db.from("session_annotations").update(entry).eq("session_id", sessionId).select("session_id"));
  }

  /** The newest sessions that somebody should look at, at most 200: estimated clocks, flagged times, possible duplicates. */
  async toReview(fleetId: string): Promise<{ sessions: Session[]; recorded: Session[] }> {
    const rows = await this.#rest.read(this.#db.rpc("sessions_to_review", { fleet_id: fleetId }), "sessions");
    const sessions = rows.filter(({ state }) => state !== "running");
    const recorded = sessions.map(({ possible_duplicate_of }) => possible_duplicate_of).filter((id) => id !== null);
    return { sessions, recorded: await this.#byId(fleetId, recorded) };
  }

  async #byId(fleetId: string, ids: string[]): Promise<Session[]> {
    const answers = await Promise.all(inPieces(ids, IDS_PER_REQUEST).map((piece) =>
      this.#rest.read(this.#db.from("session_log").select("*").eq("fleet_id", fleetId).in("session_id", piece), "sessions")));
    return answers.flat();
  }

  #matching<const Columns extends string>(columns: Columns, fleetId: string, query: Partial<SessionQuery>, options: { count?: "exact"; head?: boolean } = {}) {
    const { plane, device, pilot, mark, from, until } = query;
    let wanted = this.#db.from("session_log").select(columns, options).eq("fleet_id", fleetId);
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

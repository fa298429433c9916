import { MAX_ROWS, type Rest } from "./rest.ts";
import {
  type Annotation,
  type CorrectedDatabase,
  type HandEntry,
  type Session,
} from "./rows.ts";

/** They stand in an address, which servers cut at some length. */
export const IDS_PER_REQUEST = 100;

type EngineHobbs = Pick<Session, "engine_hobbs_start_seconds" | "engine_hobbs_end_seconds">;
type AnnotationInsert = CorrectedDatabase["public"]["Tables"]["session_annotations"]["Insert"];

/** The fleet of an annotation is the server's to say, which the type generator cannot know. */
function annotationOf(session_id: string, row: Annotation | HandEntry): AnnotationInsert {
  return { session_id, ...row } as AnnotationInsert;
}

export function inPieces<T>(list: T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / length) }, (_, n) => list.slice(n * length, (n + 1) * length));
}

/** Sessions as devices reported them or people entered them, and what people say about them. */
export class Sessions {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
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

  /** Makes what is suggested of these sessions or merged entries their class; of how many: one that has a class by now keeps it. */
  async acceptSuggestedClasses(ids: string[]): Promise<number> {
    let count = 0;
    for (const session_ids of inPieces(ids, MAX_ROWS)) {
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
    return { sessions, recorded: await this.byId(fleetId, recorded) };
  }

  /** These sessions, in no order. */
  async byId(fleetId: string, ids: string[]): Promise<Session[]> {
    const answers = await Promise.all(inPieces(ids, IDS_PER_REQUEST).map((piece) =>
      this.#rest.read(this.#db.from("session_log").select("*").eq("fleet_id", fleetId).in("session_id", piece), "sessions")));
    return answers.flat();
  }
}

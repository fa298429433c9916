import type { Rest } from "./rest.ts";
import type { ActivityOf, ActivityPage } from "./rows.ts";

const PAGE_SIZE = 50;

/** Who changed what and when: newest first, page by page. */
export class Activity {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** @param before the last row of the page before this one */
  async page(fleetId: string, { plane, session }: ActivityOf, before: number | null): Promise<ActivityPage> {
    let wanted = this.#db.from("activity_log").select("*").eq("fleet_id", fleetId);
    if (plane) wanted = wanted.eq("plane_id", plane);
    if (session) wanted = wanted.eq("session_id", session);
    if (before !== null) wanted = wanted.lt("activity_id", before);
    const rows = await this.#rest.read(wanted.order("activity_id", { ascending: false }).limit(PAGE_SIZE + 1), "activity");
    const shown = rows.slice(0, PAGE_SIZE);
    return { rows: shown, next: rows.length > PAGE_SIZE ? (shown.at(-1)?.activity_id ?? null) : null };
  }
}

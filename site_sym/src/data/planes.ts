import { clock } from "./clock.svelte.ts";
import type { Rest } from "./rest.ts";
import type { MonthVoltages, PlaneFields } from "./rows.ts";

/** Planes, their hours and their bus. */
export class Planes {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** @param planeId its identity: the same one again adds no second plane, and what was changed meanwhile holds */
  async add(planeId: string, fleetId: string, fields: PlaneFields): Promise<void> {
    await this.#rest.add(this.#db.from("planes").insert({ plane_id: planeId, fleet_id: fleetId, ...fields }).select("plane_id"), () => this.change(planeId, fields));
  }

  async change(planeId: string, fields: PlaneFields): Promise<void> {
    await this.#rest.change(this.#db.from("planes").update(fields).eq("plane_id", planeId).select("plane_id"));
  }

  async archive(planeId: string, archived: boolean): Promise<void> {
    const archived_at = archived ? clock.read().toISOString() : null;
    await this.#rest.change(this.#db.from("planes").update({ archived_at }).eq("plane_id", planeId).select("plane_id"));
  }

  /** Sessions with fewer seconds between them are suggested for merging. */
  async mergeGap(planeId: string): Promise<number> {
    const row = await this.#rest.read<{ merge_gap_seconds: number }>(this.#db.from("planes").select("merge_gap_seconds").eq("plane_id", planeId).single(), "planes");
    return row.merge_gap_seconds;
  }

  /** @param seconds 0: none are suggested */
  async setMergeGap(planeId: string, seconds: number): Promise<void> {
    await this.#rest.change(this.#db.from("planes").update({ merge_gap_seconds: seconds }).eq("plane_id", planeId).select("plane_id"));
  }

  /** Hours of a plane at a time, in seconds. */
  async hoursAt(planeId: string, at: string): Promise<number> {
    return await this.#rest.read(this.#db.rpc("hours", { plane_id: planeId, at_time: at }), "planes");
  }

  /** A plane's bus voltage by month, oldest first; the medians of a month in which nothing was sensed are null. */
  async voltages(planeId: string, months: number, timeZone: string): Promise<MonthVoltages[]> {
    return await this.#rest.readInZone(timeZone, (time_zone) => this.#db.rpc("plane_voltages", { plane_id: planeId, months, time_zone }), "voltages");
  }
}

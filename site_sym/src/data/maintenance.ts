import type { Completion, ComponentSeconds, DueItem, Occurrence } from "./rows.ts";
import type { Rest } from "./rest.ts";

/** What somebody says was done. */
export interface Done {
  /** Its identity, by which it can be voided: the same one again records nothing twice. */
  completionId: string;
  doneAt: string;
  /** The calendar day of this in the zone that is shown. */
  doneOn: string;
  /** What was read on the panel; null: what the meter turns out to have shown then. */
  meterSeconds: number | null;
  note: string;
}

/** What is due, and what was done. */
export class Maintenance {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** All items of a fleet, the most urgent first. */
  async status(fleetId: string, timeZone: string): Promise<DueItem[]> {
    return await this.#rest.readAllInZone(
      timeZone,
      (time_zone, from, to) =>
        this.#db
          .rpc("maintenance_status", { for_fleet: fleetId, time_zone })
          .order("urgency", { ascending: false })
          .order("registration")
          .order("name")
          .order("item_id")
          .range(from, to),
      "maintenance",
    );
  }

  /** When an item was due at each completion that holds, by its completion_id. */
  async history(itemId: string): Promise<Map<string, Occurrence>> {
    const rows = await this.#rest.readAll((from, to) => this.#db.rpc("maintenance_history", { item_id: itemId }).range(from, to), "completions");
    return new Map(rows.map((row) => [row.completion_id, row]));
  }

  /** What was said to be done of an item, newest first, the voided with it. */
  async completions(itemId: string): Promise<Completion[]> {
    return await this.#rest.readAll(
      (from, to) =>
        this.#db.from("maintenance_completions").select("*").eq("item_id", itemId).order("done_at", { ascending: false }).order("entry", { ascending: false }).range(from, to),
      "completions",
    );
  }

  /** A component's times as they were at a time; undefined before it was first installed. */
  async componentAt(componentId: string, at: string): Promise<ComponentSeconds | undefined> {
    const rows = await this.#rest.read(this.#db.rpc("component_seconds", { component_id: componentId, at_time: at }), "maintenance");
    return rows[0];
  }

  /** @param after the last completion that the person knew of: one that somebody else entered meanwhile refuses this one */
  async complete(itemId: string, done: Done, after: string | null): Promise<void> {
    await this.#rest.change(
      this.#db.rpc("complete_maintenance", {
        item_id: itemId,
        completion_id: done.completionId,
        done_at: done.doneAt,
        done_on: done.doneOn,
        note: done.note,
        ...(done.meterSeconds === null ? {} : { meter_seconds: done.meterSeconds }),
        ...(after === null ? {} : { after_completion_id: after }),
      }),
    );
  }

  async void(completionId: string, reason: string): Promise<void> {
    await this.#rest.change(this.#db.rpc("void_completion", { completion_id: completionId, reason }));
  }
}

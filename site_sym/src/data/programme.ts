import { clock } from "./clock.svelte.ts";
import type { ItemFields, MaintenanceItem, NewItem } from "./rows.ts";
import type { Rest } from "./rest.ts";

/** What is to be done again and again: the items of maintenance programmes. */
export class Programme {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** All items of a fleet's planes and components by name, archived ones with them. */
  async items(fleetId: string): Promise<MaintenanceItem[]> {
    return await this.#rest.readAll(
      (from, to) => this.#db.from("maintenance_items").select("*").eq("fleet_id", fleetId).order("name").order("item_id").range(from, to),
      "programme",
    );
  }

  /** All of them or none, with what was done last; the same identities again enter nothing twice. */
  async setUp(items: NewItem[]): Promise<void> {
    await this.#rest.change(this.#db.rpc("set_up_maintenance", { items }));
  }

  async change(itemId: string, fields: ItemFields): Promise<void> {
    await this.#rest.change(this.#db.from("maintenance_items").update(fields).eq("item_id", itemId).select("item_id"));
  }

  async archive(itemId: string, archived: boolean): Promise<void> {
    const archived_at = archived ? clock.read().toISOString() : null;
    await this.#rest.change(this.#db.from("maintenance_items").update({ archived_at }).eq("item_id", itemId).select("item_id"));
  }

  /** Only one that was never completed. */
  async delete(itemId: string): Promise<void> {
    await this.#rest.remove(this.#db.from("maintenance_items").delete().eq("item_id", itemId).select("item_id"), () =>
      this.#db.from("maintenance_items").select("item_id").eq("item_id", itemId),
    );
  }
}

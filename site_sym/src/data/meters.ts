import type { Rest } from "./rest.ts";
import type { Meter, MeterFields, MeterSource, Reading, ReadingReason } from "./rows.ts";

/** The meters of planes and what was read from them. */
export class Meters {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** A plane's meters as they stand now, the primary one first. */
  async of(planeId: string): Promise<Meter[]> {
    return await this.#rest.read(this.#db.rpc("meter_status", { for_plane: planeId }), "meters");
  }

  /** @param meterId its identity: the same one again adds no second meter, and what was changed meanwhile holds */
  async add(meterId: string, fleetId: string, planeId: string, source: MeterSource, fields: MeterFields): Promise<void> {
    const row = { meter_id: meterId, fleet_id: fleetId, plane_id: planeId, source, ...fields };
    await this.#rest.add(this.#db.from("meters").insert(row).select("meter_id"), () => this.change(meterId, fields));
  }

  async change(meterId: string, fields: MeterFields): Promise<void> {
    await this.#rest.change(this.#db.from("meters").update(fields).eq("meter_id", meterId).select("meter_id"));
  }

  /** Only one that was never read, is not primary and is no other one's base. */
  async delete(meterId: string): Promise<void> {
    await this.#rest.remove(this.#db.from("meters").delete().eq("meter_id", meterId).select("meter_id"), () =>
      this.#db.from("meters").select("meter_id").eq("meter_id", meterId),
    );
  }

  async makePrimary(meterId: string): Promise<void> {
    await this.#rest.change(this.#db.rpc("set_primary_meter", { meter_id: meterId }));
  }

  /** What a meter shows at a time, in seconds; null: unknown. */
  async hoursAt(meterId: string, at: string): Promise<number | null> {
    return await this.#rest.read(this.#db.rpc("meter_hours", { meter_id: meterId, at_time: at }), "meters");
  }

  /** The readings of a plane's meters, newest first. */
  async readings(planeId: string): Promise<Reading[]> {
    return await this.#rest.readAll(
      (from, to) =>
        this.#db.from("hour_readings").select("*").eq("plane_id", planeId).order("as_of", { ascending: false }).order("entry", { ascending: false }).range(from, to),
      "readings",
    );
  }

  /**
   * @param readingId its identity, by which it can be voided: the same one again records nothing twice
   * @param meter without its identity: the plane's primary one
   * @param asOf when the meter showed it
   */
  async addReading(readingId: string, meter: Pick<Meter, "plane_id"> & Partial<Pick<Meter, "meter_id">>, seconds: number, reason: ReadingReason, asOf: string): Promise<void> {
    const { meter_id, plane_id } = meter;
    await this.#rest.change(this.#db.rpc("add_reading", { reading_id: readingId, plane_id, ...(meter_id === undefined ? {} : { meter_id }), seconds, reason, as_of: asOf }));
  }

  async voidReading(readingId: string, reason: string): Promise<void> {
    await this.#rest.change(this.#db.rpc("void_reading", { reading_id: readingId, reason }));
  }
}

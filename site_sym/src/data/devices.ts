import { problemOf } from "./remote.ts";
import { ALREADY_THERE, type Rest } from "./rest.ts";
import type { Assignment, Completeness, DeviceGap, PowerUp } from "./rows.ts";

/** Sessions whose reset reasons a device's page tells. */
const POWER_UPS_SHOWN = 200;

/** The row that there has to be. */
function first<T>([row]: T[]): T {
  if (row === undefined) throw new Error("The database answered without the row that it has.");
  return row;
}

/** Devices: whose they are, the planes that they are installed in, and what of theirs is missing. */
export class Devices {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  async claim(uuid: string, fleetId: string, name: string | null): Promise<void> {
    await this.#rest.change(this.#db.rpc("claim_device", { device_uuid: uuid, fleet_id: fleetId, ...(name === null ? {} : { name }) }));
  }

  async rename(uuid: string, fleetId: string, name: string | null): Promise<void> {
    await this.#rest.change(
      this.#db.from("device_ownerships").update({ name }).eq("device_uuid", uuid).eq("fleet_id", fleetId).is("owned_until", null).select("ownership_id"),
    );
  }

  /**
   * @param from when it was installed there; without it a first assignment takes all the device's history, a later one
   * begins now
   * @param assignmentId its identity: the same one again makes no second assignment
   * @returns the assignment's id, by which it can be taken back
   */
  async assign(assignmentId: string, uuid: string, planeId: string | null, from?: string): Promise<string> {
    const assigned = await this.#rest.change(
      // The type generator takes every argument for filled; null: the device is in no plane.
      this.#db.rpc("assign_device", { assignment_id: assignmentId, device_uuid: uuid, plane_id: planeId as string, ...(from === undefined ? {} : { assigned_from: from }) }),
    );
    return assigned.assignment_id;
  }

  async removeAssignment(assignmentId: string): Promise<void> {
    await this.#rest.remove(
      this.#db.rpc("remove_assignment", { assignment_id: assignmentId }),
      () => this.#db.from("device_assignments").select("assignment_id").eq("assignment_id", assignmentId),
    );
  }

  /** The installation history of a device of the fleet, latest first. */
  async assignments(uuid: string, fleetId: string): Promise<Assignment[]> {
    return await this.#rest.readAll(
      (from, to) =>
        this.#db
          .from("device_assignments")
          .select("assignment_id, plane_id, assigned_from")
          .eq("device_uuid", uuid)
          .eq("fleet_id", fleetId)
          .order("assigned_from", { ascending: false })
          .range(from, to),
      "assignments",
    );
  }

  /** Gives the device up: its sessions so far stay, later ones belong to whoever claims it next. */
  async release(uuid: string): Promise<void> {
    await this.#rest.remove(
      this.#db.rpc("release_device", { device_uuid: uuid }),
      () => this.#db.from("device_ownerships").select("ownership_id").eq("device_uuid", uuid).is("owned_until", null),
    );
  }

  /** @returns until when the board can bring a new key */
  async resetKey(uuid: string): Promise<string> {
    return await this.#rest.write(this.#db.rpc("reset_device_key", { device_uuid: uuid }));
  }

  /** What can be said of a device's completeness; null before its first session. */
  async completeness(uuid: string): Promise<Completeness | null> {
    const [rows, gaps] = await Promise.all([
      this.#rest.read(this.#db.rpc("device_completeness", { device_uuid: uuid }), "completeness"),
      this.#rest.readAll((from, to) => this.#db.rpc("boot_gaps", { device_uuid: uuid }).range(from, to), "completeness"),
    ]);
    return rows[0] ? { ...rows[0], gaps } : null;
  }

  /** A device's last power-ups in this fleet, newest first. */
  async powerUps(uuid: string, fleetId: string): Promise<PowerUp[]> {
    const rows = await this.#rest.read(
      this.#db
        .from("session_log")
        .select("session_id, effective_start, run_seconds, registration, boot, reset_reason")
        .eq("device_uuid", uuid)
        .eq("fleet_id", fleetId)
        .order("effective_start", { ascending: false })
        .order("session_id", { ascending: false })
        .limit(POWER_UPS_SHOWN),
      "sessions",
    );
    return rows;
  }

  /** Missing power-ups of the fleet's devices, newest first for each. */
  async bootGaps(fleetId: string): Promise<DeviceGap[]> {
    return await this.#rest.readAll((from, to) => this.#db.rpc("fleet_boot_gaps", { fleet_id: fleetId }).range(from, to), "devices");
  }

  /**
   * Says for the whole fleet that nothing was lost with missing power-ups.
   *
   * @returns what was said, by which it can be taken back
   */
  async settleGap(fleet_id: string, { device_uuid, from_boot, to_boot }: DeviceGap): Promise<string> {
    const row = { fleet_id, device_uuid, from_boot, to_boot };
    try {
      const made = await this.#rest.change(this.#db.from("settled_boot_gaps").insert(row).select("gap_id"));
      return first(made).gap_id;
    } catch (error) {
      if (problemOf(error).code !== ALREADY_THERE) throw error;
      const there = await this.#rest.read(this.#db.from("settled_boot_gaps").select("gap_id").match(row), null);
      return first(there).gap_id;
    }
  }

  async unsettleGap(settledId: string): Promise<void> {
    await this.#rest.remove(
      this.#db.from("settled_boot_gaps").delete().eq("gap_id", settledId).select("gap_id"),
      () => this.#db.from("settled_boot_gaps").select("gap_id").eq("gap_id", settledId),
    );
  }
}

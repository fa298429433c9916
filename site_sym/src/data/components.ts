import type { Rest } from "./rest.ts";
import type { Component, ComponentFields, Installation, InstallationFields } from "./rows.ts";

/** An installation to enter. */
export interface NewInstallation {
  /** Its identity: the same one again enters nothing twice. */
  installationId: string;
  planeId: string;
  /** The meter of the plane that counts for it; null: the primary one. */
  meterId: string | null;
  from: string;
  /** Null: carries on, or of the first one not known. */
  sinceNewSeconds: number | null;
  sinceOverhaulSeconds: number | null;
}

/** Engines, propellers and other parts, and in which planes they were. */
export class Components {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** All components of a fleet, those in planes first, with their times now. */
  async status(fleetId: string): Promise<Component[]> {
    return await this.#rest.read(this.#db.rpc("component_status", { for_fleet: fleetId }), "components");
  }

  /** @param componentId its identity: the same one again adds no second one, and what was changed meanwhile holds */
  async add(componentId: string, fleetId: string, fields: ComponentFields): Promise<void> {
    const row = { component_id: componentId, fleet_id: fleetId, ...fields };
    await this.#rest.add(this.#db.from("components").insert(row).select("component_id"), () => this.change(componentId, fields));
  }

  async change(componentId: string, fields: ComponentFields): Promise<void> {
    await this.#rest.change(this.#db.from("components").update(fields).eq("component_id", componentId).select("component_id"));
  }

  /** Only one that was never installed. */
  async delete(componentId: string): Promise<void> {
    await this.#rest.remove(this.#db.from("components").delete().eq("component_id", componentId).select("component_id"), () =>
      this.#db.from("components").select("component_id").eq("component_id", componentId),
    );
  }

  /** Where a component was, newest first. */
  async installations(componentId: string): Promise<Installation[]> {
    return await this.#rest.readAll(
      (from, to) => this.#db.from("component_installations").select("*").eq("component_id", componentId).order("installed_from", { ascending: false }).range(from, to),
      "installations",
    );
  }

  async install(componentId: string, made: NewInstallation): Promise<void> {
    await this.#rest.change(
      this.#db.rpc("install_component", {
        component_id: componentId,
        installation_id: made.installationId,
        plane_id: made.planeId,
        installed_from: made.from,
        ...(made.meterId === null ? {} : { meter_id: made.meterId }),
        ...(made.sinceNewSeconds === null ? {} : { since_new_seconds: made.sinceNewSeconds }),
        ...(made.sinceOverhaulSeconds === null ? {} : { since_overhaul_seconds: made.sinceOverhaulSeconds }),
      }),
    );
  }

  async remove(componentId: string, at: string): Promise<void> {
    await this.#rest.change(this.#db.rpc("remove_component", { component_id: componentId, removed_at: at }));
  }

  async changeInstallation(installationId: string, fields: InstallationFields): Promise<void> {
    await this.#rest.change(this.#db.from("component_installations").update(fields).eq("installation_id", installationId).select("installation_id"));
  }

  /** As if it had never been entered. */
  async takeBack(installationId: string): Promise<void> {
    await this.#rest.remove(this.#db.from("component_installations").delete().eq("installation_id", installationId).select("installation_id"), () =>
      this.#db.from("component_installations").select("installation_id").eq("installation_id", installationId),
    );
  }
}

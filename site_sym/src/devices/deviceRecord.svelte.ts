import { Live } from "../data/live.svelte.ts";
import type { Assignment, Completeness, PowerUp } from "../data/rows.ts";
import type { Fleet } from "../fleet/fleet.svelte.ts";

const EVERY_SECONDS = 60;

/** What a device's page shows beyond its state: where it was installed, what it reported, and whether anything is missing. */
export class DeviceRecord {
  readonly assignments: Live<Assignment[]>;
  readonly powerUps: Live<PowerUp[]>;
  readonly completeness: Live<Completeness | null>;

  constructor(fleet: Fleet, uuid: string) {
    const { backend, membership } = fleet;
    const isEmpty = (rows: unknown[]) => rows.length === 0;
    this.assignments = new Live(() => backend.devices.assignments(uuid, membership.fleet_id), { everySeconds: EVERY_SECONDS, isEmpty });
    this.powerUps = new Live(() => backend.devices.powerUps(uuid, membership.fleet_id), { everySeconds: EVERY_SECONDS, isEmpty });
    this.completeness = new Live(() => backend.devices.completeness(uuid), { everySeconds: EVERY_SECONDS, isEmpty: (told) => told === null });
  }

  watch(): () => void {
    const ends = [this.assignments.watch(), this.powerUps.watch(), this.completeness.watch()];
    return () => {
      for (const end of ends) end();
    };
  }

  async refresh(): Promise<void> {
    await Promise.all([this.assignments.refresh(), this.powerUps.refresh()]);
  }
}

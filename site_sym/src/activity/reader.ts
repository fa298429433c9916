import type { Fleet } from "../fleet/fleet.svelte.ts";
import type { Reader } from "./sentence.ts";

/** What identities of a fleet are called, as far as the page knows them. */
export function namesOf(fleet: Fleet): Reader["nameOf"] {
  return (column, id) => {
    if (column.endsWith("plane_id")) return fleet.plane(id)?.registration ?? null;
    if (column === "device_uuid") return fleet.device(id)?.name ?? null;
    return null;
  };
}

import { type DueItem, MAINTENANCE_STATES, type MaintenanceState } from "../data/rows.ts";

/** Which items are shown, as the address says it. "" leaves nothing out. */
export interface DueFilter {
  /** A plane's id, or "none" for items of components that are in no plane. */
  plane: string;
  status: MaintenanceState | "";
}

export function readFilter(query: URLSearchParams): DueFilter {
  return {
    plane: query.get("plane") ?? "",
    status: MAINTENANCE_STATES.find((state) => state === query.get("status")) ?? "",
  };
}

export function matching(items: DueItem[], { plane, status }: DueFilter): DueItem[] {
  return items.filter((item) => (plane === "" || (item.plane_id ?? "none") === plane) && (status === "" || item.status === status));
}

export interface PlaneChoice {
  /** As in the filter. */
  value: string;
  /** null: of no plane. */
  registration: string | null;
}

/** The planes that have items, by registration; last what is in no plane. */
export function planesOf(items: DueItem[]): PlaneChoice[] {
  const choices = new Map(items.map(({ plane_id, registration }) => [plane_id ?? "none", registration]));
  return [...choices]
    .map(([value, registration]) => ({ value, registration }))
    .toSorted((one, other) => Number(one.registration === null) - Number(other.registration === null) || (one.registration ?? "").localeCompare(other.registration ?? ""));
}

/** How many items are in each state that some are in, the most urgent first. */
export function countStates(items: DueItem[]): { status: MaintenanceState; count: number }[] {
  return MAINTENANCE_STATES.map((status) => ({ status, count: items.filter((item) => item.status === status).length })).filter(({ count }) => count > 0);
}

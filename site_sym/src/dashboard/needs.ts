/** What waits for somebody: the lines that the dashboard begins with. */

import type { Overview } from "../fleet/fleet.svelte.ts";
import type { Device, DueItem } from "../data/rows.ts";

/** A parked plane's board that holds sessions back is normal for as long. */
const UNSENT_AFTER_DAYS = 7;
const DAY_MS = 86_400_000;

export type Need =
  /** A board whose reports are refused, or that reports what cannot be. */
  | { kind: "board"; device: Device }
  | { kind: "due"; item: DueItem }
  /** A board whose sessions have no plane. */
  | { kind: "unassigned"; device: Device }
  /** A board that is away with sessions that have not arrived. */
  | { kind: "unsent"; device: Device };

/** What a need is known by on the page. */
export function needKey(need: Need): string {
  return `${need.kind}:${need.kind === "due" ? need.item.item_id : need.device.device_uuid}`;
}

/** The most pressing first: what loses hours, what grounds a plane, what is not counted, what is late. */
export function needsOf({ devices, planes, due }: Overview, now: Date): Need[] {
  const archived = new Set(planes.filter(({ archived_at }) => archived_at !== null).map(({ plane_id }) => plane_id));
  const isLate = ({ state, unsent, last_seen }: Device) =>
    state === "off" && (unsent ?? 0) > 0 && last_seen !== null && now.getTime() - Date.parse(last_seen) > UNSENT_AFTER_DAYS * DAY_MS;
  return [
    ...devices.filter(({ state }) => state === "needs_attention").map((device): Need => ({ kind: "board", device })),
    ...due
      .filter(({ status, plane_id }) => (status === "overdue" || status === "due") && !archived.has(plane_id ?? ""))
      .map((item): Need => ({ kind: "due", item })),
    ...devices.filter(({ unassigned_sessions }) => unassigned_sessions > 0).map((device): Need => ({ kind: "unassigned", device })),
    ...devices.filter(isLate).map((device): Need => ({ kind: "unsent", device })),
  ];
}

import type { PowerUp } from "./model.ts";

export interface ReasonCount {
  /** In plain letters: "power on"; null: the device did not say. */
  reason: string | null;
  count: number;
  /** Start of the last session that began so. */
  last: string;
}

/** Why a device started, the most frequent reason first. */
export function resetReasons(powerUps: PowerUp[]): ReasonCount[] {
  const counts = new Map<string | null, ReasonCount>();
  for (const { resetReason, start } of powerUps) {
    const reason = resetReason?.toLowerCase().replaceAll("_", " ") ?? null;
    const known = counts.get(reason);
    if (known) {
      known.count += 1;
      if (start > known.last) known.last = start;
    } else counts.set(reason, { reason, count: 1, last: start });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

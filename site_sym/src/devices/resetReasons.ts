import type { PowerUp } from "../data/rows.ts";

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
  for (const { reset_reason, effective_start } of powerUps) {
    const reason = reset_reason?.toLowerCase().replaceAll("_", " ") ?? null;
    const known = counts.get(reason);
    if (known) {
      known.count += 1;
      if (effective_start > known.last) known.last = effective_start;
    } else counts.set(reason, { reason, count: 1, last: effective_start });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

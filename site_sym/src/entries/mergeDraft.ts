import type { LogEntry, SessionClass } from "../data/rows.ts";

/** What all that say something say alike; null where they differ or say nothing. */
export function agreed<T>(values: (T | null)[]): T | null {
  const said = new Set(values.filter((value) => value !== null));
  const [only = null] = said;
  return said.size === 1 ? only : null;
}

/** The class to begin with: what they agree on, else what the engine suggests of those in which it ran. */
export function classOf(entries: Pick<LogEntry, "class" | "suggested_class">[]): SessionClass | null {
  const named = entries.map((entry) => entry.class);
  if (named.some((name) => name !== null)) return agreed(named);
  const ran = entries.map(({ suggested_class }) => suggested_class).filter((name) => name !== "avionics_only");
  return agreed(ran) ?? agreed(entries.map(({ suggested_class }) => suggested_class));
}

/** Seconds between entries in the order of their begin in which none of them was on. */
export function gapOf(inOrder: Pick<LogEntry, "effective_start" | "session_end">[]): number {
  let gap = 0;
  let end = Infinity;
  for (const { effective_start, session_end } of inOrder) {
    gap += Math.max(0, Date.parse(effective_start) - end);
    end = end === Infinity ? Date.parse(session_end) : Math.max(end, Date.parse(session_end));
  }
  return Math.round(gap / 1000);
}

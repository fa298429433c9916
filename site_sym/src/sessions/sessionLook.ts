import type { Logged } from "../data/rows.ts";

/** How an entry's bar looks: what is gravest about it. Each look has a pattern of its own, not only a colour. */
export const LOOKS = ["running", "measured", "unconfirmed", "estimated", "hand", "flagged", "excluded"] as const;
export type Look = (typeof LOOKS)[number];

export function lookOf(session: Logged): Look {
  if (session.excluded) return "excluded";
  if (session.quality === "flagged") return "flagged";
  if (session.state === "running" || session.state === "last_heard") return "running";
  if (session.quality === "clock_estimated") return "estimated";
  if (session.quality === "hand_entered") return "hand";
  return session.state === "unconfirmed" ? "unconfirmed" : "measured";
}

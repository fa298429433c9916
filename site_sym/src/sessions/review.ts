import type { DeviceGap, Session } from "../data/rows.ts";

/** More than these the database does not list at once (sessions_to_review). */
export const MOST_SESSIONS_TO_REVIEW = 200;

/** Something that a person should look at once. */
export type ReviewItem =
  | { kind: "estimated"; session: Session }
  | { kind: "flagged"; session: Session }
  /** A session entered by hand, and the device's that it may repeat. */
  | { kind: "duplicate"; session: Session; recorded: Session | null }
  | { kind: "boots"; gap: DeviceGap };

/** A missing power-up about which nobody has said yet that nothing was lost, and everything else. */
export function isOpen(item: ReviewItem): boolean {
  return item.kind !== "boots" || item.gap.settled_at === null;
}

export const REVIEW_KINDS = ["flagged", "estimated", "duplicate", "boots"] as const satisfies ReviewItem["kind"][];

export function reviewItem(session: Session, recorded: Session | null): ReviewItem {
  if (session.possible_duplicate_of !== null) return { kind: "duplicate", session, recorded };
  return session.quality === "flagged" ? { kind: "flagged", session } : { kind: "estimated", session };
}

/** What an item is known by on the page. */
export function itemKey(item: ReviewItem): string {
  return item.kind === "boots" ? `${item.gap.device_uuid}:${item.gap.from_boot}-${item.gap.to_boot}` : item.session.session_id;
}

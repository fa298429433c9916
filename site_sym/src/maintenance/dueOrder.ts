import type { DueItem, MaintenanceState } from "../data/rows.ts";

const PRESSING: readonly MaintenanceState[] = ["overdue", "due", "due_soon"];

/** Whether an item is a reason to look at its plane first. */
export function isPressing(item: DueItem | undefined): boolean {
  return item !== undefined && PRESSING.includes(item.status);
}

/** Those with something pressing first, the most urgent before the others; the rest stays in its order. */
export function byUrgency<T>(rows: T[], dueOf: (row: T) => DueItem | undefined): T[] {
  const urgency = (row: T) => {
    const item = dueOf(row);
    return item !== undefined && isPressing(item) ? item.urgency : -Infinity;
  };
  return rows.toSorted((one, other) => (urgency(one) === urgency(other) ? 0 : urgency(other) - urgency(one)));
}

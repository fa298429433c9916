import type { DueItem, MaintenanceState } from "../data/rows.ts";

const PRESSING: readonly MaintenanceState[] = ["overdue", "due", "due_soon"];

/** Whether an item is a reason to look at its plane first. */
export function isPressing(item: DueItem | undefined): boolean {
  return item !== undefined && PRESSING.includes(item.status);
}

import type { DueItem } from "../data/rows.ts";
import { BYTE_ORDER_MARK, csvCell } from "../format/csv.ts";

/** The columns of `maintenance_status`, in the order in which people look for them. */
const COLUMN_NAMES = [
  "registration",
  "name",
  "status",
  "missing",
  "remaining_seconds",
  "remaining_days",
  "due_seconds",
  "due_on",
  "projected_from",
  "projected_to",
  "now_seconds",
  "last_done_on",
  "last_done_seconds",
  "interval_seconds",
  "interval_months",
  "interval_days",
  "tolerance_seconds",
  "tolerance_days",
  "warning_seconds",
  "warning_days",
  "anchor",
  "counts_from",
  "note",
  "created_at",
  "plane_id",
  "component_id",
  "meter_id",
  "item_id",
  "fleet_id",
  "last_completion_id",
  "urgency",
] as const satisfies readonly (keyof DueItem)[];

/** Every column of each item, exact, as the database has it. */
export function dueCsv(items: DueItem[]): string {
  const lines = [COLUMN_NAMES.join(","), ...items.map((item) => COLUMN_NAMES.map((name) => csvCell(item[name])).join(","))];
  return BYTE_ORDER_MARK + lines.map((line) => `${line}\r\n`).join("");
}

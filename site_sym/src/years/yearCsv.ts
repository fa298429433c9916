import { BYTE_ORDER_MARK, csvCell } from "../format/csv.ts";
import { hours } from "../sessions/export/columns.ts";
import type { Measure, YearLine, YearSheet } from "./yearSheet.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const COLUMN_NAMES = ["registration", "year", "source", ...MONTHS.map((month) => `${month}_hours`), "total_hours"];

/** What the page shows: two rows of each plane, the year's and that of the year before, and two of them all. @param allPlanes their name */
export function yearCsv({ planes, fleet }: YearSheet, year: number, source: Measure, allPlanes: string): string {
  const rows = ({ registration, seconds, total, before, totalBefore }: YearLine) => [
    [registration ?? allPlanes, year, source, ...[...seconds, total].map(hours)],
    [registration ?? allPlanes, year - 1, source, ...[...before, totalBefore].map(hours)],
  ];
  const lines = [COLUMN_NAMES, ...[...planes, fleet].flatMap(rows)];
  return BYTE_ORDER_MARK + lines.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

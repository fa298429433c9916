import type { MonthHours, Plane } from "../data/rows.ts";

/** There are eight colours; with more planes the eighth stands for all that have none of their own. */
const MAX_SERIES = 8;

export interface Series {
  key: string;
  label: string;
  /** 1 to 8: the role --series-N. */
  color: number;
}

export interface MonthRow {
  /** The first day of the month. */
  month: string;
  seconds: Record<string, number>;
  total: number;
  /** Of the engines; null: nothing was sensed. */
  engine: number | null;
}

export interface MonthTable {
  series: Series[];
  months: MonthRow[];
}

/** Rows of (plane, month, seconds) as one row per month; the planes with hours, in the order in which the page lists them. */
export function monthTable(rows: Omit<MonthHours, "sensed_seconds">[], planes: Plane[], others: string): MonthTable {
  const flown = planes.filter(({ plane_id }) => rows.some((row) => row.plane_id === plane_id && row.seconds > 0));
  const own = flown.length > MAX_SERIES ? flown.slice(0, MAX_SERIES - 1) : flown;
  const series: Series[] = own.map(({ plane_id, registration }, i) => ({ key: plane_id, label: registration, color: i + 1 }));
  if (flown.length > MAX_SERIES) series.push({ key: "others", label: others, color: MAX_SERIES });

  const byMonth = new Map<string, MonthRow>();
  for (const { plane_id, month, seconds, engine_seconds } of rows) {
    const row = byMonth.get(month) ?? { month, seconds: Object.fromEntries(series.map(({ key }) => [key, 0])), total: 0, engine: null };
    const key = plane_id in row.seconds ? plane_id : "others";
    row.seconds[key] = (row.seconds[key] ?? 0) + seconds;
    row.total += seconds;
    if (engine_seconds !== null) row.engine = (row.engine ?? 0) + engine_seconds;
    byMonth.set(month, row);
  }
  return { series, months: [...byMonth.values()].sort((a, b) => a.month.localeCompare(b.month)) };
}

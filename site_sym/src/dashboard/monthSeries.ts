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

type PlaneMonth = Omit<MonthHours, "sensed_seconds">;
type Named = Pick<Plane, "plane_id" | "registration">;

/**
 * Rows of (plane, month, seconds) as one row per month, and the planes that have hours, those with most first: they get the
 * colours. Other planes' rows are left out.
 */
export function monthTable(rows: PlaneMonth[], planes: Named[], others: string): MonthTable {
  const hours = new Map(planes.map(({ plane_id }) => [plane_id, 0]));
  const ours = rows.filter(({ plane_id }) => hours.has(plane_id));
  for (const { plane_id, seconds } of ours) hours.set(plane_id, (hours.get(plane_id) ?? 0) + seconds);
  const of = ({ plane_id }: Named) => hours.get(plane_id) ?? 0;
  const flown = planes.filter((plane) => of(plane) > 0).sort((a, b) => of(b) - of(a));
  const own = flown.length > MAX_SERIES ? flown.slice(0, MAX_SERIES - 1) : flown;
  const series: Series[] = own.map(({ plane_id, registration }, i) => ({ key: plane_id, label: registration, color: i + 1 }));
  if (flown.length > MAX_SERIES) series.push({ key: "others", label: others, color: MAX_SERIES });

  const byMonth = new Map<string, MonthRow>();
  for (const { plane_id, month, seconds, engine_seconds } of ours) {
    const row = byMonth.get(month) ?? { month, seconds: Object.fromEntries(series.map(({ key }) => [key, 0])), total: 0, engine: null };
    const key = plane_id in row.seconds ? plane_id : "others";
    row.seconds[key] = (row.seconds[key] ?? 0) + seconds;
    row.total += seconds;
    if (engine_seconds !== null) row.engine = (row.engine ?? 0) + engine_seconds;
    byMonth.set(month, row);
  }
  return { series, months: [...byMonth.values()].sort((a, b) => a.month.localeCompare(b.month)) };
}

/**
 * The same rows, the present month's with the seconds that the planes' cards show: those count on while a session runs.
 * @param planes with their figures at present
 * @param month the present one, "2026-11"
 */
export function withPresentMonth<Row extends PlaneMonth>(rows: Row[], planes: Pick<Plane, "plane_id" | "month_seconds">[], month: string): Row[] {
  const present = new Map(planes.map(({ plane_id, month_seconds }) => [plane_id, month_seconds]));
  return rows.map((row) => (row.month.startsWith(month) ? { ...row, seconds: present.get(row.plane_id) ?? row.seconds } : row));
}

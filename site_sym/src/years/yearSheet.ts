/** A year by plane and month beside the one before, as the page shows it, prints it and saves it. */

import type { Plane, YearHours } from "../data/rows.ts";

export const MEASURES = ["powered", "engine"] as const;
export type Measure = (typeof MEASURES)[number];

/** Nothing is entered before it. */
const FIRST_YEAR = 1900;

/** Twelve figures in seconds, January first; null: the month has not begun, or nothing was sensed. */
type Months = (number | null)[];

export interface YearLine {
  /** null: of all planes together. */
  plane_id: string | null;
  /** null: of all planes together. */
  registration: string | null;
  isArchived: boolean;
  seconds: Months;
  before: Months;
  /** null: nothing of it is known. */
  total: number | null;
  totalBefore: number | null;
  /** The year before, as many months of it as this one has begun. */
  beforeSoFar: number | null;
  /** To those months: a year that goes on is not compared with a whole one. */
  difference: number | null;
}

export interface YearSheet {
  planes: YearLine[];
  fleet: YearLine;
}

function sum(figures: Months): number | null {
  return figures.reduce((total, figure) => (figure === null ? total : (total ?? 0) + figure), null);
}

type Named = Pick<YearLine, "plane_id" | "registration" | "isArchived">;
type Figures = Pick<YearHours, "seconds" | "before_seconds" | "engine_seconds" | "before_engine_seconds">;

/** Without power no engine runs, sensed or not. */
const engineOf = (engine: number | null, powered: number | null) => engine ?? (powered === 0 ? 0 : null);

function line(plane: Named, figures: Figures, measure: Measure, begun: number): YearLine {
  const year = (powered: Months, engine: Months) => {
    if (measure === "powered") return { months: powered, total: sum(powered) };
    return { months: engine.map((seconds, i) => engineOf(seconds, powered[i] ?? null)), total: engineOf(sum(engine), sum(powered)) };
  };
  const present = year(figures.seconds, figures.engine_seconds);
  const before = year(figures.before_seconds, figures.before_engine_seconds);
  const beforeSoFar = year(figures.before_seconds.slice(0, begun), figures.before_engine_seconds.slice(0, begun)).total;
  const difference = present.total === null || beforeSoFar === null ? null : present.total - beforeSoFar;
  return { ...plane, seconds: present.months, before: before.months, total: present.total, totalBefore: before.total, beforeSoFar, difference };
}

/** @param begun months that the year has begun so far */
export function yearSheet(rows: YearHours[], measure: Measure, begun = 12): YearSheet {
  const added = (of: keyof Figures) => Array.from({ length: 12 }, (_, i) => sum(rows.map((row) => row[of][i] ?? null)));
  const all: Figures = {
    seconds: added("seconds"),
    before_seconds: added("before_seconds"),
    engine_seconds: added("engine_seconds"),
    before_engine_seconds: added("before_engine_seconds"),
  };
  return {
    planes: rows.map((row) => line({ plane_id: row.plane_id, registration: row.registration, isArchived: row.archived_at !== null }, row, measure, begun)),
    fleet: line({ plane_id: null, registration: null, isArchived: false }, all, measure, begun),
  };
}

/**
 * The same rows, the present month with the seconds that the planes' cards show: those count on while a session runs.
 * @param planes with their figures at present
 * @param month the present one of the year that is shown, 0 to 11
 */
export function withPresentMonth(rows: YearHours[], planes: Pick<Plane, "plane_id" | "month_seconds">[], month: number): YearHours[] {
  const present = new Map(planes.map(({ plane_id, month_seconds }) => [plane_id, month_seconds]));
  return rows.map((row) => ({ ...row, seconds: row.seconds.map((seconds, i) => (i === month ? present.get(row.plane_id) ?? seconds : seconds)) }));
}

/** The year that an address asks for: the present one where it names none, or one to come. @param years to choose from, newest first */
export function readYear(text: string | null, years: number[]): number {
  const [present = 1970] = years;
  const year = /^\d{4}$/.test(text ?? "") ? Number(text) : present;
  return year >= FIRST_YEAR && year <= present ? year : present;
}

import { isoDay, startOfDay, type Zone } from "./format/times.ts";
import { NEWEST_FIRST, type SessionClass, type SessionFilter, type SessionMark, type SessionSort, SORT_KEYS } from "./model.ts";

export const PERIODS = ["30d", "90d", "year", "all", "custom"] as const;
export type Period = (typeof PERIODS)[number];
export const CLASSES = ["flight", "ground_run", "maintenance", "avionics_only", "test"] as const satisfies SessionClass[];
export const MARKS = [
  "measured",
  "clock_estimated",
  "unconfirmed",
  "flagged",
  "hand_entered",
  "short",
  "excluded",
  "overlaps",
] as const satisfies SessionMark[];

const DAY_MS = 86_400_000;
const DAYS: Partial<Record<Period, number>> = { "30d": 30, "90d": 90 };
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The filters of the sessions page, as they stand in its address. */
export interface SessionQuery {
  period: Period;
  /** A plane's id, "none", or "" for all. */
  plane: string;
  /** A device's UUID, or "" for all. */
  device: string;
  class: SessionClass | "none" | "";
  /** Part of a pilot's name. */
  pilot: string;
  mark: SessionMark | "";
  /** Calendar days for period "custom", both included; "" is open. */
  from: string;
  to: string;
  sort: SessionSort;
}

export function readQuery(query: URLSearchParams): SessionQuery {
  const text = (name: string) => query.get(name) ?? "";
  const date = (name: string) => {
    const value = text(name);
    return DATE.test(value) && !Number.isNaN(Date.parse(value)) ? value : "";
  };
  const id = (name: string) => (UUID.test(text(name)) ? text(name) : "");
  const from = date("from");
  const to = date("to");
  const [, down, key] = /^(-?)(.*)$/.exec(text("sort")) ?? [];
  const by = SORT_KEYS.find((name) => name === key);
  return {
    period: PERIODS.find((name) => name === text("period")) ?? (from || to ? "custom" : "30d"),
    plane: text("plane") === "none" ? "none" : id("plane"),
    device: id("device"),
    class: [...CLASSES, "none" as const].find((name) => name === text("class")) ?? "",
    pilot: text("pilot").trim(),
    mark: MARKS.find((name) => name === text("quality")) ?? "",
    from,
    to,
    sort: by === undefined ? NEWEST_FIRST : { by, descending: down === "-" },
  };
}

/** What goes into the address: only what differs from the plain page. */
export function writeQuery({ period, plane, device, pilot, mark, from, to, sort, ...query }: SessionQuery): Record<string, string> {
  const custom = period === "custom";
  const sorted = sort.by !== NEWEST_FIRST.by || sort.descending !== NEWEST_FIRST.descending;
  const all = {
    plane,
    device,
    class: query.class,
    pilot: pilot.trim(),
    quality: mark,
    period: period === "30d" ? "" : period,
    from: custom ? from : "",
    to: custom ? to : "",
    sort: sorted ? `${sort.descending ? "-" : ""}${sort.by}` : "",
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** How many filters leave something out, apart from the period. */
export function countFilters(query: SessionQuery): number {
  return [query.plane, query.device, query.class, query.pilot, query.mark].filter((value) => value !== "").length;
}

/** The instants that the filters stand for; days begin at midnight in the zone. */
export function toFilter(query: SessionQuery, zone: Zone, now: Date): SessionFilter {
  const { period, plane, device, pilot, mark, from, to } = query;
  const filter: SessionFilter = {
    ...(plane && { plane }),
    ...(device && { device }),
    ...(query.class && { class: query.class }),
    ...(pilot && { pilot }),
    ...(mark && { mark }),
  };
  const days = DAYS[period];
  if (days !== undefined) filter.from = startOfDay(isoDay(new Date(now.getTime() - days * DAY_MS), zone), zone);
  else if (period === "year") filter.from = startOfDay(`${isoDay(now, zone).slice(0, 4)}-01-01`, zone);
  else if (period === "custom") {
    if (from) filter.from = startOfDay(from, zone);
    if (to) filter.until = startOfDay(to, zone, 1);
  }
  return filter;
}

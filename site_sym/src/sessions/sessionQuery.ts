import { NEWEST_FIRST, SESSION_CLASSES, SESSION_MARKS, type SessionQuery, SORT_KEYS } from "../data/rows.ts";
import { isoDay, startOfDay, type Zone } from "../format/times.ts";
import { boundsOf, PLAIN_PERIOD, readPeriod } from "./periods.ts";

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The filters in the sessions page's address; days begin at midnight in the zone. */
export function readQuery(address: URLSearchParams, zone: Zone, now: Date): SessionQuery {
  const text = (name: string) => address.get(name) ?? "";
  const day = (name: string, days: number) => {
    const value = text(name);
    return DATE.test(value) && !Number.isNaN(Date.parse(value)) ? startOfDay(value, zone, days) : "";
  };
  const id = (name: string) => (UUID.test(text(name)) ? text(name) : "");
  const [from, until] = [day("from", 0), day("to", 1)];
  const period = readPeriod(text("period")) ?? (from || until ? "custom" : PLAIN_PERIOD);
  const [, down, key] = /^(-?)(.*)$/.exec(text("sort")) ?? [];
  const by = SORT_KEYS.find((name) => name === key);
  return {
    plane: text("plane") === "none" ? "none" : id("plane"),
    device: id("device"),
    class: [...SESSION_CLASSES, "none" as const, "suggested" as const].find((name) => name === text("class")) ?? "",
    pilot: text("pilot").trim(),
    mark: SESSION_MARKS.find((name) => name === text("quality")) ?? "",
    period,
    ...(period === "custom" ? { from, until } : boundsOf(period, zone, now)),
    sort: by === undefined ? NEWEST_FIRST : { by, descending: down === "-" },
  };
}

/** The calendar days in the zone that a query begins and ends with, both included; "" is open. */
export function daysOf({ from, until }: SessionQuery, zone: Zone): { from: string; to: string } {
  return { from: from && isoDay(new Date(from), zone), to: until && isoDay(new Date(Date.parse(until) - 1), zone) };
}

/** What goes into the address: only what differs from the plain page. */
export function writeQuery(query: SessionQuery, zone: Zone): Record<string, string> {
  const { plane, device, period, sort } = query;
  const sorted = sort.by !== NEWEST_FIRST.by || sort.descending !== NEWEST_FIRST.descending;
  const all = {
    plane,
    device,
    class: query.class,
    pilot: query.pilot.trim(),
    quality: query.mark,
    period: period === PLAIN_PERIOD ? "" : period,
    ...(period === "custom" && daysOf(query, zone)),
    sort: sorted ? `${sort.descending ? "-" : ""}${sort.by}` : "",
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** How many filters leave something out, apart from the period. */
export function countFilters(query: SessionQuery): number {
  return [query.plane, query.device, query.class, query.pilot, query.mark].filter((value) => value !== "").length;
}

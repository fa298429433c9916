/** The instants of a clock on the wall, in any zone that the browser knows. */

import type { Day } from "./values.ts";

const formats = new Map<string, Intl.DateTimeFormat>();
/** Offsets change on the hour or half hour at most: those of a log lie in few of them. */
const offsets = new Map<string, number>();
const HALF_HOUR_MS = 1_800_000;

/** Milliseconds by which the zone's clocks are ahead of UTC at an instant. */
function offsetAt(at: number, zone: string): number {
  if (zone === "UTC") return 0;
  const piece = Math.floor(at / HALF_HOUR_MS);
  const key = `${zone} ${piece}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  let format = formats.get(zone);
  if (format === undefined) {
    const figures = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" } as const;
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", era: "short", ...figures });
    formats.set(zone, format);
  }
  const start = piece * HALF_HOUR_MS;
  const parts = Object.fromEntries(format.formatToParts(start).map(({ type, value }) => [type, Number(value)]));
  const shown = Date.UTC(parts["year"] ?? 0, (parts["month"] ?? 1) - 1, parts["day"], parts["hour"], parts["minute"], parts["second"]);
  offsets.set(key, shown - start);
  return shown - start;
}

/**
 * The instants (ms) at which the zone's clocks show a time, the earlier first: usually one; none in the hour that summer
 * time leaves out, two in the hour that comes twice.
 *
 * @param seconds since midnight as the clock counts
 */
export function instantsOf({ year, month, day }: Day, seconds: number, zone: string): number[] {
  const shown = Date.UTC(year, month - 1, day) + seconds * 1000;
  const around = [shown - 86_400_000, shown + 86_400_000].map((at) => shown - offsetAt(at, zone));
  return [...new Set(around)].filter((at) => at + offsetAt(at, zone) === shown).sort((a, b) => a - b);
}

/** The clock on the wall of a zone: what it shows at an instant, and at which instants it shows a time. */

/** "utc", "local" (the browser's own zone) or an IANA name; one that the browser does not know is read as UTC. */
export type ClockZone = string;

/** A day of the calendar; months and days from 1. */
export interface Day {
  year: number;
  month: number;
  day: number;
}

export interface ClockTime extends Day {
  hour: number;
  minute: number;
  second: number;
}

const DAY_MS = 86_400_000;
const HALF_HOUR_MS = 1_800_000;

const formats = new Map<string, Intl.DateTimeFormat>();
/** Offsets change on the hour or half hour at most: those of a log lie in few of them. */
const offsets = new Map<string, number>();

function formatIn(zone: ClockZone): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    const figures = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" } as const;
    try {
      format = new Intl.DateTimeFormat("en-US", { ...figures, timeZone: zone });
    } catch {
      // The browser's list of zones is older than the database's.
      format = new Intl.DateTimeFormat("en-US", { ...figures, timeZone: "UTC" });
    }
    formats.set(zone, format);
  }
  return format;
}

function namedOffset(at: number, zone: ClockZone): number {
  const piece = Math.floor(at / HALF_HOUR_MS);
  const key = `${zone} ${piece}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    const start = piece * HALF_HOUR_MS;
    const { year = 0, month = 1, day, hour, minute, second } = Object.fromEntries(formatIn(zone).formatToParts(start).map(({ type, value }) => [type, Number(value)]));
    offset = Date.UTC(year, month - 1, day, hour, minute, second) - start;
    offsets.set(key, offset);
  }
  return offset;
}

function localOffset(ms: number): number {
  const at = new Date(ms);
  return Date.UTC(at.getFullYear(), at.getMonth(), at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds(), at.getMilliseconds()) - ms;
}

/** Milliseconds by which the zone's clocks are ahead of UTC at an instant. */
function offsetAt(at: number, zone: ClockZone): number {
  if (zone === "utc" || zone === "UTC") return 0;
  return zone === "local" ? localOffset(at) : namedOffset(at, zone);
}

/** What the zone's clocks show at an instant. */
export function clockAt(instant: Date | number, zone: ClockZone): ClockTime {
  const at = Number(instant);
  const shown = new Date(at + offsetAt(at, zone));
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
  };
}

/**
 * The instants (ms) at which the zone's clocks show a time, the earlier first: usually one; none in the hour that summer
 * time leaves out, two in the hour that comes twice.
 *
 * @param day any day that Date.UTC takes, 31 April for 1 May
 * @param seconds since midnight as the clock counts
 */
export function instantsOf({ year, month, day }: Day, seconds: number, zone: ClockZone): number[] {
  const shown = Date.UTC(year, month - 1, day) + seconds * 1000;
  const around = [shown - DAY_MS, shown + DAY_MS].map((at) => shown - offsetAt(at, zone));
  return [...new Set(around)].filter((at) => at + offsetAt(at, zone) === shown).sort((a, b) => a - b);
}

/** The one instant (ms) that is meant by it: the earlier of two, and where clocks leave the time out, as long after they went forward. */
export function instantOf(day: Day, seconds: number, zone: ClockZone): number {
  const shown = Date.UTC(day.year, day.month - 1, day.day) + seconds * 1000;
  return instantsOf(day, seconds, zone)[0] ?? shown - offsetAt(shown - DAY_MS, zone);
}

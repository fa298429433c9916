import { type LogEntry, NO_TOTALS, type SessionQuery, type Totals } from "../data/rows.ts";
import { formatHoursWithUnit, formatMeter, type HoursFormat } from "../format/hours.ts";
import { listTexts } from "./listTexts.ts";

/** What entries come to, as `log_totals` works it out, while they are read one after the other; for what is printed or saved with its rows. */
export class Tally {
  #hasHobbs: boolean;
  #first: LogEntry | null = null;
  #last: LogEntry | null = null;
  readonly totals: Totals = { ...NO_TOTALS };

  /** @param query what the entries were asked for by: Hobbs is that of one plane in a period */
  constructor({ plane, device, class: of, pilot, mark }: SessionQuery) {
    this.#hasHobbs = plane !== "" && plane !== "none" && [device, of, pilot, mark].every((value) => value === "");
  }

  /** @param entries in the order of their start, either way */
  add(entries: LogEntry[]): void {
    for (const entry of entries) this.#addOne(entry);
  }

  #addOne(entry: LogEntry): void {
    const { totals } = this;
    totals.entries += 1;
    if (entry.kind !== "session") totals.is_plain = false;
    if (totals.first_start === null || Date.parse(entry.effective_start) < Date.parse(totals.first_start)) totals.first_start = entry.effective_start;
    if (entry.excluded) {
      totals.excluded_entries += 1;
      totals.excluded_seconds += entry.run_seconds;
    } else {
      totals.run_seconds += entry.run_seconds;
      if (entry.engine_seconds !== null) {
        totals.sensed_entries += 1;
        totals.engine_seconds = (totals.engine_seconds ?? 0) + entry.engine_seconds;
      }
    }
    if (!this.#hasHobbs || entry.hobbs_start_seconds === null || entry.hobbs_end_seconds === null) return;
    if (this.#first === null || isBefore(entry, this.#first)) this.#first = entry;
    if (this.#last === null || isBefore(this.#last, entry)) this.#last = entry;
    totals.hobbs_start_seconds = this.#first.hobbs_start_seconds;
    totals.hobbs_end_seconds = this.#last.hobbs_end_seconds;
  }
}

function isBefore(one: LogEntry, other: LogEntry): boolean {
  const difference = Date.parse(one.effective_start) - Date.parse(other.effective_start);
  return difference === 0 ? one.entry_id < other.entry_id : difference < 0;
}

/** With what the running sessions among them have gained since. */
export function grown(totals: Totals, gained: number): Totals {
  const { hobbs_end_seconds } = totals;
  return { ...totals, run_seconds: totals.run_seconds + gained, hobbs_end_seconds: hobbs_end_seconds === null ? null : hobbs_end_seconds + gained };
}

export interface TotalsWords {
  /** "34 sessions": those that count. */
  count: string;
  hours: string;
  /** "Hobbs 2241.1 → 2290.2", "engine 40.2 h", "+ 2 left out": what there is to say of these. */
  others: string[];
}

export function totalsWords(totals: Totals, hours: HoursFormat): TotalsWords {
  const { hobbs_start_seconds: start, hobbs_end_seconds: end, engine_seconds, excluded_entries } = totals;
  const others = [
    start === null || end === null ? null : listTexts.hobbs(formatMeter(start, hours), formatMeter(end, hours)),
    engine_seconds === null ? null : listTexts.engine(formatHoursWithUnit(engine_seconds, hours)),
    excluded_entries === 0 ? null : listTexts.leftOut(excluded_entries),
  ];
  return {
    count: listTexts.count(totals.entries - excluded_entries, totals.is_plain),
    hours: formatHoursWithUnit(totals.run_seconds, hours),
    others: others.filter((part) => part !== null),
  };
}

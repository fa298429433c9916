/** Rows of a table as entries: planes found, times as instants, lengths in seconds. */

import type { ImportEntry } from "../data/rows.ts";
import { type Day, instantsOf } from "../format/zoneClock.ts";
import { registrationKey } from "../planes/registration.ts";
import type { Mapping } from "./mapping.ts";
import type { Sheet } from "./sheet.ts";
import { parseClass, parseFlag, parseLength, parseWritten } from "./values.ts";

/** Why a row is no entry. */
export type RowFault = "no_plane" | "unknown_plane" | "no_date" | "wrong_date" | "no_start" | "wrong_start" | "no_such_hour" | "no_length" | "wrong_length" | "wrong_end" | "no_time_between";
/** What a person may want to look at, though the row can be read. */
export type RowNote = "hour_twice" | "end_differs" | "class_unknown";
/** Why a row is passed over without a word. */
export type PassedOver = "blank" | "total" | "header";

export type ReadRow =
  | { state: "entry"; row_number: number; entry: ImportEntry; notes: RowNote[] }
  | { state: "fault"; row_number: number; fault: RowFault; text: string }
  | { state: "passed_over"; row_number: number; why: PassedOver };

const TOTAL = /^\s*(sum|summe|total|totals|gesamt|gesamtsumme|zwischensumme|[üu]bertrag|ueber?trag|carried|brought|grand total)\b/i;
/** A start and a length that were rounded to minutes end within this of each other. */
const SAME_END_SECONDS = 60;
const DAY_SECONDS = 86_400;

interface Known {
  planes: { plane_id: string; registration: string }[];
  thisYear: number;
}

type Parsed<T> = { value: T } | { fault: RowFault; text: string };

function fault(name: RowFault, text = ""): { fault: RowFault; text: string } {
  return { fault: name, text };
}

/** Reads the rows of one table by one mapping. */
export class RowReader {
  #sheet: Sheet;
  #mapping: Mapping;
  #planes: Map<string, string>;
  #thisYear: number;
  #headers: string;
  /** A day alone is midnight where its column has times: a workbook shows none at midnight. */
  #startHasTimes: boolean;

  constructor(sheet: Sheet, mapping: Mapping, { planes, thisYear }: Known) {
    this.#sheet = sheet;
    this.#mapping = mapping;
    this.#planes = new Map(planes.map(({ plane_id, registration }) => [registrationKey(registration), plane_id]));
    this.#thisYear = thisYear;
    this.#headers = JSON.stringify(sheet.rows[mapping.headerRow] ?? []);
    this.#startHasTimes = this.#below.some((row) => (this.#written(this.#cell(row, "start"))?.time ?? null) !== null);
  }

  get #below(): string[][] {
    return this.#sheet.rows.slice(this.#mapping.headerRow + 1);
  }

  /** How many rows there are below the headers. */
  get length(): number {
    return this.#sheet.rows.length - this.#mapping.headerRow - 1;
  }

  /** @param index from 0, below the headers */
  read(index: number): ReadRow {
    const row = this.#sheet.rows[this.#mapping.headerRow + 1 + index] ?? [];
    const row_number = this.#mapping.headerRow + 2 + index;
    const why = this.#passedOver(row);
    if (why !== null) return { state: "passed_over", row_number, why };
    const plane = this.#plane(row);
    if ("fault" in plane) return { state: "fault", row_number, ...plane };
    const times = this.#times(row);
    if ("fault" in times) return { state: "fault", row_number, ...times };
    const { start, seconds, notes } = times.value;
    const classText = this.#cell(row, "class");
    const sessionClass = parseClass(classText);
    if (classText !== "" && sessionClass === null) notes.push("class_unknown");
    const entry: ImportEntry = {
      row_number,
      plane_id: plane.value,
      start: new Date(start).toISOString().replace(".000Z", "Z"),
      seconds,
      class: sessionClass,
      pilot: this.#cell(row, "pilot") || null,
      remarks: this.#cell(row, "remarks") || null,
      excluded: parseFlag(this.#cell(row, "excluded")),
    };
    return { state: "entry", row_number, entry, notes };
  }

  #cell(row: string[], field: keyof Mapping["columns"]): string {
    const column = this.#mapping.columns[field];
    return column === null ? "" : (row[column] ?? "").trim();
  }

  #written(text: string) {
    return text === "" ? null : parseWritten(text, this.#mapping.dateOrder, this.#thisYear);
  }

  #passedOver(row: string[]): PassedOver | null {
    const filled = row.filter((cell) => cell.trim() !== "");
    if (filled.length === 0) return "blank";
    if (JSON.stringify(row) === this.#headers) return "header";
    const saysWhen = this.#cell(row, "date") !== "" && this.#written(this.#cell(row, "date")) !== null;
    const begins = this.#written(this.#cell(row, "start")) !== null;
    if (filled.some((cell) => TOTAL.test(cell)) && !(saysWhen && begins)) return "total";
    // A sum without a word: figures alone, where a flight has a day and a start.
    const isFigures = filled.every((cell) => /^[\d.,:\sh]+$/.test(cell));
    return isFigures && this.#cell(row, "date") === "" && this.#cell(row, "start") === "" ? "total" : null;
  }

  #plane(row: string[]): Parsed<string> {
    if (this.#mapping.columns.registration === null) return this.#mapping.planeId === "" ? fault("no_plane") : { value: this.#mapping.planeId };
    const text = this.#cell(row, "registration");
    if (text === "") return fault("no_plane");
    const plane = this.#planes.get(registrationKey(text));
    return plane === undefined ? fault("unknown_plane", text) : { value: plane };
  }

  #times(row: string[]): Parsed<{ start: number; seconds: number; notes: RowNote[] }> {
    const text = this.#cell(row, "start");
    if (text === "") return fault("no_start");
    const written = this.#written(text);
    if (written === null) return fault("wrong_start", text);
    let { day } = written;
    if (day === null) {
      const dateText = this.#cell(row, "date");
      if (dateText === "") return fault("no_date");
      day = this.#written(dateText)?.day ?? null;
      if (day === null) return fault("wrong_date", dateText);
    }
    const time = written.time ?? (this.#startHasTimes ? 0 : null);
    if (time === null) return fault("wrong_start", text);
    const starts = instantsOf(day, time, this.#zone(written.utc));
    const [first] = starts;
    if (first === undefined) return fault("no_such_hour", text);

    const lengthText = this.#cell(row, "duration");
    const length = lengthText === "" ? null : parseLength(lengthText, this.#mapping.unit);
    if (lengthText !== "" && length === null) return fault("wrong_length", lengthText);
    const endText = this.#cell(row, "end");
    const end = endText === "" ? null : this.#end(endText, day, time);
    if (endText !== "" && end === null && length === null) return fault("wrong_end", endText);
    if (length === null && end === null) return fault("no_length");

    const notes: RowNote[] = [];
    const secondsTo = (start: number) => (end ?? []).map((at) => (at - start) / 1000).find((seconds) => seconds > 0);
    // Of an hour that comes twice, that one from which the flight is as long as the file says.
    const start = starts.find((at) => length !== null && Math.abs((secondsTo(at) ?? 0) - length) <= SAME_END_SECONDS) ?? first;
    const between = secondsTo(start);
    if (starts.length > 1) notes.push("hour_twice");
    if (length === null) return between === undefined ? fault("no_time_between", endText) : { value: { start, seconds: between, notes } };
    if (between !== undefined && Math.abs(between - length) > SAME_END_SECONDS) notes.push("end_differs");
    return { value: { start, seconds: length, notes } };
  }

  #zone(isUtc: boolean): string {
    return isUtc ? "UTC" : this.#mapping.zone;
  }

  /** Instants at which it may have ended; a time of day before the start's is the next day's. */
  #end(text: string, startDay: Day, startTime: number): number[] | null {
    const written = this.#written(text);
    if (written === null) return null;
    const zone = this.#zone(written.utc);
    if (written.day !== null) return instantsOf(written.day, written.time ?? 0, zone);
    const time = written.time ?? 0;
    // Equal ones are no day of 24 hours: more likely one of them was typed twice.
    return instantsOf(startDay, time < startTime ? time + DAY_SECONDS : time, zone);
  }
}

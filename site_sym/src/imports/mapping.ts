/** How a table is read: which column is what, in which form; guessed from the headers and from what stands below them. */

import { columnLetters } from "../format/columnLetters.ts";
import { registrationKey } from "../planes/registration.ts";
import type { Sheet } from "./sheet.ts";
import { type DateOrder, type DurationUnit, parseWritten, unclearFigures } from "./values.ts";

export const FIELDS = ["registration", "date", "start", "end", "duration", "class", "pilot", "remarks", "excluded"] as const;
export type FieldName = (typeof FIELDS)[number];

export interface Mapping {
  /** Index of the row with the headers; -1: there is none. */
  headerRow: number;
  /** Index of the column of each field; null: none. */
  columns: Record<FieldName, number | null>;
  /** The plane of all rows, where no column says it. */
  planeId: string;
  /** Null: the file does not tell, and the person has not yet. */
  dateOrder: DateOrder | null;
  unit: DurationUnit;
  /** IANA name of the zone of the file's times. */
  zone: string;
}

/** As it is kept with an import: columns by header, since the same program writes them in another order one day. */
export interface KeptMapping {
  headers: string[];
  columns: Partial<Record<FieldName, number>>;
  plane_id: string;
  date_order: DateOrder | null;
  unit: DurationUnit;
  zone: string;
}

/** Headers of logs in English and German, the most telling first; the database's own names before all. */
const HEADERS: Record<FieldName, RegExp[]> = {
  registration: [/^registration$/, /kennzeichen|kennung|^reg\b|regist|tail|immat|callsign/, /aircraft|flugzeug|luftfahrzeug|^lfz|plane|^a\/c/],
  date: [/^(date|datum)\b/, /\b(date|datum|tag|day)\b/],
  start: [/^effective_start$/, /^session_start$/, /off.?block|block.?off|block.?aus|time.?out|^out\b/, /^(start|beginn|begin|from|von|abflug)/, /departure|take.?off|startzeit|\bdep\b|time.?off|\boff\b/],
  end: [/^session_end$/, /on.?block|block.?on|block.?ein|block.?an|time.?in|^in\b/, /^(end|ende|stop|to|bis|ankunft)/, /arrival|landung|landezeit|landing.?time|\barr\b|time.?on|\bon\b/],
  duration: [/^run_seconds$/, /^run_hours$/, /block.?(zeit|time)|betriebs?(zeit|stunden)|dauer|duration/, /total|flug.?(zeit|dauer)|flight.?time|hours|stunden|^zeit$|^time$|minuten|minutes/],
  class: [/^class$/, /klasse|flugart|^art\b|type of|^typ|^type|category|zweck/],
  pilot: [/^pilot$/, /pilot|^pic\b|\bpic\b|flugzeugf.hrer|luftfahrzeugf.hrer|captain|\bcrew\b/],
  remarks: [/^remarks$/, /remark|bemerkung|comment|kommentar|note|notiz|anmerkung/],
  excluded: [/^excluded$/],
};
/** Columns that have such words in them, and are not what they seem. */
const NOT: Partial<Record<FieldName, RegExp>> = {
  date: /update|birth|geburt|license/,
  start: /ort|place|airport|airfield|platz|hobbs|tach|z.hler|hours|stunden|uncertainty|ground|icao|landings/,
  end: /ort|place|airport|airfield|platz|hobbs|tach|z.hler|hours|stunden|icao|landings|engine/,
  duration: /hobbs|tach|engine|z.hler|night|nacht|gesamtbetrieb|uncertainty|instrument|landung|landing/,
  class: /designator|aircraft|flugzeug/,
  pilot: /comment|co.?pilot/,
};
const MOST_HEADER_ROWS = 20;
const KEPT_HEADERS = 40;
const KEPT_HEADER_LENGTH = 40;

/** A header without case, unit marks and line breaks. */
function plain(header: string): string {
  return header.toLowerCase().replace(/\s+/g, " ").trim();
}

function columnsOf(headers: string[]): Mapping["columns"] {
  const taken = new Set<number>();
  const columns = Object.fromEntries(FIELDS.map((field) => [field, null])) as Mapping["columns"];
  const names = headers.map(plain);
  for (let rank = 0; rank < Math.max(...Object.values(HEADERS).map(({ length }) => length)); rank++) {
    for (const field of FIELDS) {
      const words = HEADERS[field][rank];
      if (words === undefined || columns[field] !== null) continue;
      const found = names.findIndex((name, i) => !taken.has(i) && name !== "" && words.test(name) && !(NOT[field]?.test(name) ?? false));
      if (found < 0) continue;
      columns[field] = found;
      taken.add(found);
    }
  }
  return columns;
}

/** The first row that has more known headers than any other; what stands above is a title. */
function headerRowOf(rows: string[][]): number {
  let best = { row: -1, count: 1 };
  rows.slice(0, MOST_HEADER_ROWS).forEach((cells, row) => {
    const count = Object.values(columnsOf(cells)).filter((column) => column !== null).length;
    if (count > best.count) best = { row, count };
  });
  return best.row;
}

/** Which of 3/4 and 4/3 the column means; null where nothing in it tells, or where it says both. */
export function dateOrderOf(texts: string[]): DateOrder | null {
  const seen = new Set<DateOrder>();
  for (const text of texts) {
    const figures = unclearFigures(text);
    if (figures === null) continue;
    if (figures.mark === "." || figures.first > 12) seen.add("dmy");
    else if (figures.second > 12) seen.add("mdy");
  }
  return seen.size === 1 ? ([...seen][0] ?? null) : null;
}

/** Whether a day of the column can be read only once the order is known. */
export function needsOrder(texts: string[]): boolean {
  return texts.some((text) => {
    const figures = unclearFigures(text);
    return figures !== null && figures.mark !== ".";
  });
}

/** The cells of the columns that have days in them. */
export function dayCells({ rows }: Sheet, { headerRow, columns }: Pick<Mapping, "headerRow" | "columns">): string[] {
  const read = [columns.date, columns.start, columns.end].filter((column) => column !== null);
  return rows.slice(headerRow + 1).flatMap((row) => read.map((column) => row[column] ?? ""));
}

/** What the headers and the column's figures say that a bare number counts. */
function unitOf(header: string, texts: string[]): DurationUnit {
  const name = plain(header);
  if (/seconds|sekunden|\bsec\b|\(s\)|\[s\]/.test(name)) return "seconds";
  if (/minut|\bmin\b|\(min|\[min/.test(name)) return "minutes";
  const bare = texts.filter((text) => /^\s*\d+([.,]\d+)?\s*$/.test(text));
  // A column of whole numbers of which most are above a day's hours counts minutes.
  const large = bare.filter((text) => /^\s*\d+\s*$/.test(text) && Number(text) > 24);
  return bare.length > 0 && large.length > bare.length / 2 ? "minutes" : "hours";
}

interface Known {
  planes: { plane_id: string; registration: string }[];
  /** The zone that the page shows, and the visitor's own. */
  zone: string;
  localZone: string;
}

export function guess(sheet: Sheet, { planes, zone, localZone }: Known): Mapping {
  const { rows } = sheet;
  const headerRow = headerRowOf(rows);
  const headers = headerRow < 0 ? [] : (rows[headerRow] ?? []);
  const below = rows.slice(headerRow + 1);
  const columns = columnsOf(headers);
  const cells = (column: number | null) => (column === null ? [] : below.map((row) => row[column] ?? "").filter((text) => text.trim() !== ""));
  const taken = () => new Set(Object.values(columns));

  // What most cells of a column are says more than a header: that of another language, or none.
  const width = Math.max(0, ...below.slice(0, 100).map((row) => row.length));
  const keys = new Set(planes.map(({ registration }) => registrationKey(registration)));
  const share = (column: number, is: (text: string) => boolean) => {
    const texts = cells(column).slice(0, 100);
    return texts.length === 0 ? 0 : texts.filter(is).length / texts.length;
  };
  const find = (is: (text: string) => boolean) => {
    for (let column = 0; column < width; column++) if (!taken().has(column) && share(column, is) > 0.5) return column;
    return null;
  };
  const isPlane = (text: string) => keys.has(registrationKey(text)) && registrationKey(text) !== "";
  if (columns.registration === null || share(columns.registration, isPlane) === 0) columns.registration = find(isPlane) ?? columns.registration;
  // A start that has its day with it needs no other.
  const startHasDay = columns.start !== null && share(columns.start, hasDay) > 0.5;
  if (startHasDay) columns.date = null;
  else columns.date ??= find(hasDay);
  const start = headers[columns.start ?? -1] ?? "";
  const only = planes.length === 1 ? planes[0] : undefined;
  const said = headers.map(plain).join(" ");
  return {
    headerRow,
    columns,
    planeId: columns.registration === null ? (only?.plane_id ?? "") : "",
    dateOrder: dateOrderOf(dayCells(sheet, { headerRow, columns })),
    unit: columns.duration === null ? "hours" : unitOf(headers[columns.duration] ?? "", cells(columns.duration)),
    // Our own exports are in UTC.
    zone: plain(start) === "effective_start" || /\butc\b|\bzulu\b|\bgmt\b|\(z\)/.test(said) ? "UTC" : /\b(lt|local|lokal|ortszeit|mez|mesz|cet|cest)\b/.test(said) ? localZone : zone,
  };
}

function hasDay(text: string): boolean {
  return parseWritten(text, "dmy", 2100)?.day != null || parseWritten(text, "mdy", 2100)?.day != null;
}

/** Whether what is mapped is enough to make entries of. */
export function missingFields(sheet: Sheet, mapping: Mapping): ("plane" | "start" | "date" | "length" | "order")[] {
  const { columns, planeId, dateOrder } = mapping;
  const missing: ReturnType<typeof missingFields> = [];
  if (columns.registration === null && planeId === "") missing.push("plane");
  if (columns.start === null) missing.push("start");
  else if (columns.date === null && !sheet.rows.slice(mapping.headerRow + 1).some((row) => hasDay(row[columns.start ?? -1] ?? ""))) missing.push("date");
  if (columns.end === null && columns.duration === null) missing.push("length");
  if (dateOrder === null && needsOrder(dayCells(sheet, mapping))) missing.push("order");
  return missing;
}

/** The columns' names, each once: "Time", "Time (2)"; "Column C" where the file has none. */
export function columnNames({ rows }: Sheet, headerRow: number): string[] {
  const headers = headerRow < 0 ? [] : (rows[headerRow] ?? []);
  const width = Math.max(0, ...rows.map((row) => row.length));
  const seen = new Map<string, number>();
  return Array.from({ length: width }, (_, column) => {
    const name = (headers[column] ?? "").replace(/\s+/g, " ").trim();
    if (name === "") return `Column ${columnLetters(column + 1)}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}

function keptHeaders(sheet: Sheet, headerRow: number): string[] {
  return columnNames(sheet, headerRow).slice(0, KEPT_HEADERS).map((name) => name.slice(0, KEPT_HEADER_LENGTH));
}

export function keep(sheet: Sheet, mapping: Mapping): KeptMapping {
  const { headerRow, columns, planeId, dateOrder, unit, zone } = mapping;
  const mapped = Object.entries(columns).filter(([, column]) => column !== null);
  return { headers: keptHeaders(sheet, headerRow), columns: Object.fromEntries(mapped), plane_id: planeId, date_order: dateOrder, unit, zone };
}

function isKept(value: unknown): value is KeptMapping {
  if (typeof value !== "object" || value === null) return false;
  const { headers, columns } = value as Partial<KeptMapping>;
  return Array.isArray(headers) && typeof columns === "object" && columns !== null;
}

/**
 * The mapping of the newest import of a file with the same headers; undefined where there was none.
 *
 * @param kept what imports were read by, newest first
 */
export function remembered(sheet: Sheet, guessed: Mapping, kept: unknown[]): Mapping | undefined {
  const headers = JSON.stringify(keptHeaders(sheet, guessed.headerRow));
  const found = kept.filter(isKept).find((one) => JSON.stringify(one.headers) === headers);
  if (found === undefined) return undefined;
  const columns = Object.fromEntries(FIELDS.map((field) => [field, found.columns[field] ?? null])) as Mapping["columns"];
  const known = { headerRow: guessed.headerRow, columns };
  return {
    ...known,
    planeId: found.plane_id ?? "",
    // A file that tells the order itself is not overruled by an earlier one; nor is one that says it otherwise.
    dateOrder: dateOrderOf(dayCells(sheet, known)) ?? (needsOrder(dayCells(sheet, known)) ? null : found.date_order),
    unit: found.unit ?? guessed.unit,
    zone: found.zone ?? guessed.zone,
  };
}


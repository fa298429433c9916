import { formatCount, plural } from "../format/plural.ts";
import type { Fate } from "./fates.ts";
import type { FieldName } from "./mapping.ts";
import type { PassedOver, RowFault, RowNote } from "./rows.ts";
import { MAX_ENTRIES, MAX_FILE_BYTES, type Refusal } from "./sheet.ts";
import type { DurationUnit } from "./values.ts";

const entries = (count: number) => `${formatCount(count)} ${count === 1 ? "entry" : "entries"}`;
const rows = (count: number) => `${formatCount(count)} ${count === 1 ? "row" : "rows"}`;
const MOST_MB = MAX_FILE_BYTES / 1_000_000;

/** What the import page says: loaded with it. */
export const pageTexts = {
  title: "Import",
  lead: "Bring in a log you kept elsewhere.",
  forEditors: "Only editors can import",
  forEditorsText: "Ask an owner of this fleet to make you an editor.",
  noPlanes: "Add the planes first",
  noPlanesText: "Entries are matched to planes by their registration.",

  choose: {
    label: "File",
    action: "Choose a file",
    drop: "or drop it here",
    dropNow: "Drop it to read it",
    hint: `CSV or XLSX from Excel, Google Sheets, LibreOffice or Numbers, or this portal’s own exports; up to ${MOST_MB} MB and ${formatCount(MAX_ENTRIES)} entries. Nothing is imported until you have seen what happens to every row.`,
    other: "Choose another file",
    reading: (name: string) => `Reading ${name}`,
  },

  refusals: {
    too_large: { what: `This file is larger than ${MOST_MB} MB.`, hint: "Split it into shorter periods, or save it as XLSX, which is smaller." },
    empty: { what: "This file is empty.", hint: "Save it again in your spreadsheet program." },
    pdf: { what: "This is a PDF.", hint: "A PDF has no columns. Export the log as CSV or XLSX." },
    old_excel: { what: "This is a workbook of Excel 2003 or older, or one with a password.", hint: "Open it and save it as XLSX without a password." },
    web_page: { what: "This is a web page, though it may be named as a spreadsheet.", hint: "Open it in your spreadsheet program and save it as XLSX or CSV." },
    xml: { what: "This is an XML file.", hint: "Open it in your spreadsheet program and save it as XLSX or CSV." },
    zip: { what: "This is an archive, not a workbook.", hint: "Unpack it, and choose the CSV or XLSX file in it." },
    ods: { what: "This is an OpenDocument spreadsheet.", hint: "Save it as XLSX or CSV." },
    numbers: { what: "This is a Numbers document.", hint: "In Numbers, choose File > Export To > Excel or CSV." },
    broken: { what: "This workbook is damaged.", hint: "Open it and save it again as XLSX, or as CSV." },
    bomb: { what: "This workbook unpacks to far more than a log needs.", hint: "Copy the rows of the log into a new workbook, and save that." },
    binary: { what: "This is neither text nor a workbook.", hint: "Choose a CSV or XLSX file." },
    json: { what: "This JSON is not a list of entries.", hint: "Choose a file that this portal exported, or a CSV or XLSX file." },
    no_table: { what: "No table was found in this file.", hint: "It needs a row per flight, with at least a start and an end or a duration." },
    too_many_rows: { what: `This file has more than ${formatCount(MAX_ENTRIES)} rows.`, hint: "Split it into shorter periods." },
    worker: { what: "The file could not be read.", hint: "Check your connection, reload the page and choose it again." },
  } satisfies Record<Refusal, { what: string; hint: string }>,

  mapping: {
    title: "How it is read",
    remembered: "Same as your last import of a file like this.",
    guessed: "Worked out from the headers and the cells below them. Change whatever is wrong.",
    sheet: "Sheet",
    fields: {
      registration: "Registration",
      date: "Date",
      start: "Start",
      end: "End",
      duration: "Duration",
      class: "Class",
      pilot: "Pilot",
      remarks: "Remarks",
      excluded: "Excluded from totals",
    } satisfies Record<FieldName, string>,
    none: "Not in the file",
    planeOfAll: "Plane for all rows",
    choosePlane: "Choose a plane",
    unit: "A plain number means",
    units: { hours: "Hours", minutes: "Minutes", seconds: "Seconds" } satisfies Record<DurationUnit, string>,
    zone: "Time zone of the file",
    own: (zone: string) => `${zone} (yours)`,
    order: (text: string) => `Which day is ${text}?`,
    orders: { dmy: "Day first", mdy: "Month first" },
    sample: (text: string) => `such as ${text}`,
    more: "Change columns",
    missing: {
      plane: "Say which column has the registration, or which plane it is.",
      start: "Say which column has the start.",
      date: "Say which column has the date.",
      length: "Say which column has the end or the duration.",
      order: "It is not clear whether the day or the month comes first. Choose above.",
    },
  },

  rows: {
    title: "What happens to each row",
    checking: "Comparing with your log",
    progress: "Rows compared",
    filter: "Rows",
    all: "All",
    fates: { new: "New", same: "Already there", possible_duplicate: "Possible duplicate", error: "Error", passed_over: "Skipped" } satisfies Record<Fate, string>,
    faults: {
      no_plane: () => "It doesn’t name a plane.",
      unknown_plane: (text: string) => `${text} is not in this fleet. Add it under Planes, or leave the row out.`,
      no_date: () => "It has no date.",
      wrong_date: (text: string) => `“${text}” is not a date.`,
      no_start: () => "It has no start.",
      wrong_start: (text: string) => `“${text}” is not a time.`,
      no_such_hour: (text: string) => `Clocks in this zone skipped ${text}: daylight saving time began then.`,
      no_length: () => "It has neither an end nor a duration.",
      wrong_length: (text: string) => `“${text}” is not a duration.`,
      wrong_end: (text: string) => `“${text}” is not a time.`,
      no_time_between: (text: string) => `It ends at ${text}, which is not after its start.`,
    } satisfies Record<RowFault, (text: string) => string>,
    notes: {
      hour_twice: "The clock showed this hour twice that night; the first one is used.",
      end_differs: "The end doesn’t match the start and duration; the duration is used.",
      class_unknown: "Its class is not one of ours and stays empty.",
    } satisfies Record<RowNote, string>,
    passedOver: { blank: "Empty", total: "A sum, not an entry", header: "Headers repeated" } satisfies Record<PassedOver, string>,
    meetsRow: (row: number) => `Overlaps row ${row}`,
    meetsEntry: "Overlaps an entry in your log",
    same: "An entry with this start and duration already exists",
    columns: { row: "Row", fate: "Result", plane: "Plane", start: "Start", duration: "Duration", said: "Class, pilot, remarks" },
    shown: (first: number, last: number, of: number) => `${formatCount(first)} to ${formatCount(last)} of ${formatCount(of)}`,
    earlier: "Previous",
    later: "Next",
    noneOfThese: "No such rows.",
  },

  run: {
    action: (count: number) => `Import ${entries(count)}`,
    nothing: "Nothing to import",
    nothingText: "Every row of this file is in your log already, or cannot be read.",
    running: (count: number) => `Importing ${entries(count)}`,
    withDuplicates: (count: number) => `Also import the ${count === 1 ? "possible duplicate" : `${formatCount(count)} possible duplicates`}`,
    leaveOut: (count: number) => `Leave out the ${count === 1 ? "row with an error" : `${formatCount(count)} rows with errors`}`,
    blocked: (count: number) => `${rows(count)} cannot be read. Correct the file or how it is read, or leave ${count === 1 ? "it" : "them"} out.`,
    tooMany: `An import has up to ${formatCount(MAX_ENTRIES)} entries. Split the file into shorter periods.`,
    done: (count: number, name: string) => `${entries(count)} imported from ${name}.`,
    again: "Trying again is harmless: nothing is imported twice.",
  },

  batches: {
    title: "Imports",
    none: "Nothing imported yet.",
    imported: (count: number, day: string, who: string | null) => `${entries(count)}, ${day}${who === null ? "" : `, by ${who}`}`,
    reverted: (day: string) => `Reverted ${day}`,
    left: (left: number, changed: number) => `${entries(left)} left${changed === 0 ? "" : `, ${formatCount(changed)} changed since`}`,
    changed: (changed: number) => `${formatCount(changed)} changed since`,
    revert: "Revert",
    revertNamed: (name: string) => `Revert the import of ${name}`,
    revertTitle: (name: string) => `Revert the import of ${name}?`,
    revertText: (left: number) => `This deletes the ${entries(left)} from it that are still there.`,
    revertChanged: (changed: number) => (changed === 0 ? "None of them has been changed since." : `${plural(changed, "of them was", "of them were")} changed since: those changes will be lost, too.`),
    revertAction: (left: number) => `Delete ${entries(left)}`,
    done: (name: string) => `The import of ${name} was reverted.`,
  },
} as const;

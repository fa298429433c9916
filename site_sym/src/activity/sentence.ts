/** A change that somebody made, as a sentence: "Anna changed the session D-EKVX 14:05: pilot from “–” to “Karl”". */

import { formatDuration } from "../format/hours.ts";
import { texts } from "../ui/texts.ts";
import { activityTexts } from "./texts.ts";

export interface Change {
  subject: string;
  action: string;
  /** What the row was called then: of a session its start. */
  label: string | null;
  before: unknown;
  after: unknown;
}

/** What values mean to the reader. */
export interface Reader {
  moment: (iso: string) => string;
  /** What something is called whose identity stands in a column; null: not known. */
  nameOf: (column: string, id: string) => string | null;
  /** The registration of the plane that the change is about, where there is one. */
  registration: string | null;
}

export interface Sentence {
  /** "changed the session D-EKVX 14:05" */
  what: string;
  /** "pilot from “–” to “Karl”"; empty: there is no more to say. */
  details: string[];
}

type Values = Record<string, unknown>;

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** What is called by the plane and its start. */
const ENTRY_SUBJECTS = new Set(["session_annotations", "merged_entries", "merged_sessions", "session_parts"]);
const DURATION = /seconds$/;
const SECONDS_PER_HOUR = 3600;
/** One of a few values that the database has a name for. */
const NAMED_VALUES = new Set(["anchor", "counts_from", "kind", "reason", "source"]);

function valuesOf(said: unknown): Values | null {
  return typeof said === "object" && said !== null && !Array.isArray(said) ? (said as Values) : null;
}

/** Where a session was cut: all parts but the first begin there. */
function cuts(parts: unknown[], reader: Reader): string {
  const begins = parts.map((part) => Number(valuesOf(part)?.from_seconds)).filter((seconds) => seconds > 0);
  return begins.map((seconds) => shown("from_seconds", seconds, reader)).join(", ");
}

/** A value as people write it. */
function shown(column: string, value: unknown, reader: Reader): string {
  if (value === null || value === undefined || value === "") return texts.common.none;
  if (typeof value === "boolean") return value ? activityTexts.yes : activityTexts.no;
  if (Array.isArray(value)) return column === "parts" ? cuts(value, reader) : String(value.length);
  if (typeof value === "number") {
    if (!DURATION.test(column)) return String(value);
    // Intervals and the like are whole hours.
    if (value % SECONDS_PER_HOUR === 0) return activityTexts.hours(value / SECONDS_PER_HOUR);
    const { minutes, seconds } = formatDuration(value);
    return minutes + seconds;
  }
  const text = String(value);
  if (INSTANT.test(text)) return reader.moment(text);
  if (UUID.test(text)) return reader.nameOf(column, text) ?? activityTexts.another;
  const { classes } = texts.sessions;
  if (column === "class") return (classes as Record<string, string>)[text] ?? text;
  if (column === "role") return (texts.roles as Record<string, string>)[text] ?? text;
  return NAMED_VALUES.has(column) ? text.replaceAll("_", " ") : text;
}

function columnWord(column: string): string {
  return activityTexts.columns[column] ?? column.replaceAll("_", " ");
}

function named({ subject, label }: Change, reader: Reader): string {
  const own = label !== null && INSTANT.test(label) ? reader.moment(label) : (label ?? "");
  // A registration says which one where many have the same name, and it is the plane's own.
  const plane = subject === "planes" ? "" : (reader.registration ?? "");
  if (subject === "fleets" || subject === "fleet_members") return own;
  return ENTRY_SUBJECTS.has(subject) || own === "" ? [plane, own].filter(Boolean).join(" ") : own + (plane && plane !== own ? ` (${plane})` : "");
}

function whatOf(change: Change, before: Values | null, after: Values | null, reader: Reader): string {
  const { subject, action } = change;
  const name = named(change, reader);
  if (subject === "session_annotations" && action === "insert" && after?.hand_start) return `${activityTexts.entered}: ${name}`;
  if (subject === "session_annotations" && action === "delete" && before?.hand_start) return `${activityTexts.deletedEntry}: ${name}`;
  if (action === "update" && after?.void_reason && !before?.void_reason) {
    if (subject === "hour_readings") return activityTexts.voided(name, activityTexts.reading);
    if (subject === "maintenance_completions") return activityTexts.voided(name, activityTexts.completion);
  }
  const words = activityTexts.subjects[subject];
  const verb = words?.[action as keyof typeof words];
  return verb ? verb(name) : `${action} ${subject.replaceAll("_", " ")} ${name}`.trim();
}

/** What was changed, without who did it. */
export function sentenceOf(change: Change, reader: Reader): Sentence {
  const before = valuesOf(change.before);
  const after = valuesOf(change.after);
  const quote = (column: string, value: unknown) => activityTexts.quoted(shown(column, value, reader));
  const isUpdate = change.action === "update" || (change.subject === "session_annotations" && change.action === "insert" && !after?.hand_start);
  /** What is new says by its name what it is of: an identity that has none here adds nothing. */
  const isSaid = (column: string) => {
    const value = (after ?? before)?.[column];
    return isUpdate || typeof value !== "string" || !UUID.test(value) || reader.nameOf(column, value) !== null;
  };
  const columns = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter(isSaid);
  const details = columns.map((column) =>
    isUpdate
      ? activityTexts.fromTo(columnWord(column), quote(column, before?.[column]), quote(column, after?.[column]))
      : activityTexts.is(columnWord(column), quote(column, (after ?? before)?.[column])),
  );
  return { what: whatOf(change, before, after, reader), details };
}

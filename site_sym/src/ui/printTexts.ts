import { formatCount, plural } from "../format/plural.ts";
import { texts } from "./texts.ts";

/** What the printed pages say: loaded with them, since a visit begins without. */
export const printTexts = {
  title: "Log of powered time",
  action: "Print or save as PDF",
  paper: "Paper",
  papers: { a4: "A4", letter: "Letter" },
  back: "Sessions",
  allPlanes: "All planes",
  period: "Period",
  wholePeriod: "all sessions",
  periodOf: (from: string, until: string) => `${from} to ${until}`,
  until: (until: string) => `until ${until}`,
  basis: "Basis of the hours",
  atEnd: (moment: string, hours: string) => `${hours} at the end of ${moment}`,
  atStart: (hours: string) => `At the start of the period: ${hours}.`,
  restsOn: (counted: string) => `${counted} counted, without a meter reading`,
  restsOnReading: (reading: string, asOf: string, counted: string) => `reading ${reading} on ${asOf} + ${counted} counted since`,
  selection: "Selection",
  times: "Times in",
  printed: "Printed",
  printedBy: (moment: string, who: string) => `${moment} by ${who}`,
  reading: (count: number) => (count === 0 ? "Reading the sessions…" : `Reading the sessions, ${formatCount(count)} so far…`),
  total: (count: number, isPlain: boolean) => `Total of ${texts.sessions.count(count, isPlain)}`,
  counted: "Of these in the totals",
  engineTotal: (sessions: number) => `Engine time of ${plural(sessions, "sensed session")}`,
  overlapNote: "Overlapping time counts once in a plane’s hours; here every session is added.",
  leftOut: "not counted",
  signature: "Date, name, signature",
  columns: { date: "Date", plane: "Registration", on: "On", off: "Off", duration: "Duration", engine: "Engine", hobbs: "Hobbs start – end", class: "Class", pilot: "Pilot", remarks: "Remarks", quality: "Quality" },
} as const;

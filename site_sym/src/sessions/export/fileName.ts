import type { Plane, SessionQuery } from "../../data/rows.ts";
import { isoDay, type Zone } from "../../format/times.ts";
import { exportTexts } from "../exportTexts.ts";
import { calendarPeriod } from "../periods.ts";
import { daysOf } from "../sessionQuery.ts";
import { FILE_ENDINGS, type FileFormat } from "./writer.ts";

/** What no file system takes, or a shell for something else, and blanks. */
const AWKWARD = /[\s\u0000-\u001f\u007f"'`*/:<>?\\|#%&{}$!@+=.,;()[\]^~]+/gu;

/** A name as part of a file's name. */
export function namePart(text: string): string {
  return text.normalize("NFC").replace(AWKWARD, "-").replace(/^-+|-+$/g, "");
}

/** "2026-06" for what is a year, month or day of the calendar, otherwise its first and last day. */
function periodPart(query: SessionQuery, zone: Zone, now: Date): string {
  const calendar = calendarPeriod(query.period, zone, now);
  if (calendar !== null) return calendar;
  const { from, to } = daysOf(query, zone);
  const last = to || isoDay(now, zone);
  return from ? `${from}_${last}` : `${exportTexts.allTime}_${last}`;
}

/** "D-EKLM_2026-06.csv", "Hangar-Flying-Club_2026-10-29_2026-11-28.csv": of what, from when, in which form. */
export function exportFileName(query: SessionQuery, plane: Plane | undefined, fleetName: string, format: FileFormat, zone: Zone, now: Date): string {
  const whose = [namePart(plane?.registration ?? fleetName) || exportTexts.log, query.plane === "none" ? exportTexts.withoutPlane : null];
  return `${[...whose, periodPart(query, zone, now)].filter((part) => part !== null).join("_")}.${FILE_ENDINGS[format]}`;
}

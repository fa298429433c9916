/** When a component was installed and removed, and with what times, as it is typed. */

import { LIMITS, type LimitName } from "../data/limits.ts";
import { parseHours } from "../format/hours.ts";
import { fromInputTime } from "../format/inputTime.ts";
import type { Zone } from "../format/times.ts";
import { limitWords } from "../ui/limitWords.ts";
import { texts } from "../ui/texts.ts";
import { componentsTexts } from "./texts.ts";
import { programmeTexts } from "../maintenance/programmeTexts.ts";

export interface InstallationDraft {
  from: string;
  removed: string;
  sinceNew: string;
  sinceOverhaul: string;
}

export type InstallationFaults = Partial<Record<keyof InstallationDraft, string>>;

export const EMPTY_INSTALLATION: InstallationDraft = { from: "", removed: "", sinceNew: "", sinceOverhaul: "" };

/** What keeps it from being saved. An empty time means what the form's hint says, or is required (`needsFrom`). */
export function installationFaults(draft: InstallationDraft, zone: Zone, now: Date, needsFrom = false): InstallationFaults {
  const words = componentsTexts;
  const faults: InstallationFaults = {};
  const moment = (field: "from" | "removed") => {
    if (draft[field].trim() === "") {
      if (field === "from" && needsFrom) faults.from = texts.session.wrongTime;
      return null;
    }
    const at = fromInputTime(draft[field], zone);
    if (at === null) faults[field] = texts.session.wrongTime;
    else if (Date.parse(at) > now.getTime()) faults[field] = words.future;
    else if (Date.parse(at) < Date.parse(LIMITS.installed_from_not_too_early.min)) faults[field] = limitWords.installed_from_not_too_early;
    return at;
  };
  const [from, removed] = [moment("from"), moment("removed")];
  if (from !== null && removed !== null && removed <= from) faults.removed ??= words.removedBeforeInstalled;

  const hours = (field: "sinceNew" | "sinceOverhaul", limit: LimitName) => {
    if (draft[field].trim() === "") return null;
    const seconds = parseHours(draft[field]);
    const { max } = LIMITS[limit] as { max: number };
    if (seconds === null) faults[field] = programmeTexts.wrong.hours;
    else if (seconds > max) faults[field] = limitWords[limit];
    return seconds;
  };
  const [sinceNew, sinceOverhaul] = [hours("sinceNew", "since_new_seconds_range"), hours("sinceOverhaul", "since_overhaul_seconds_range")];
  if (sinceNew !== null && sinceOverhaul !== null && sinceOverhaul > sinceNew) faults.sinceOverhaul ??= words.tooLong;
  return faults;
}

import type { MonthVoltages } from "../data/rows.ts";
import { planesTexts } from "./texts.ts";

const texts = planesTexts.voltages;

/** Medians of fewer sessions than this are shown, and nothing is concluded from them. */
export const ENOUGH_SESSIONS = 3;

/** Millivolts of a 12 V system, lead-acid, at rest: from here on the battery is about that full. A 24 V system has twice as many. */
const REST_STEPS: readonly [number, keyof typeof texts.rest][] = [
  [13_100, "lithium"],
  [12_600, "full"],
  [12_300, "threeQuarters"],
  [12_000, "half"],
  [11_800, "low"],
  [0, "empty"],
];
/** The same of the starter pulling the bus down, and of the alternator charging. */
const CRANKING_LOW_MV = 8_500;
const CHARGING_LOW_MV = 13_600;
const CHARGING_HIGH_MV = 14_800;

/** "12.1 V". */
export function formatVolts(millivolts: number): string {
  return `${(millivolts / 1000).toFixed(1)} V`;
}

/** What is shown decides: two medians that read 12.3 V have one word. */
const asShown = (millivolts: number) => Math.round(millivolts / 100) * 100;

export interface Conclusion {
  about: "rest" | "cranking" | "charging";
  text: string;
  /** Something to have looked at. */
  warns: boolean;
  /** The first day of the month that says so, and of how many of its sessions it is the median. */
  month: string;
  sessions: number;
}

/** The newest month with enough sessions says how the battery and the alternator are; nothing is said of a single value. */
export function conclusions(months: readonly MonthVoltages[]): Conclusion[] {
  const found: Conclusion[] = [];
  const rested = months.findLast(({ sensed_sessions }) => sensed_sessions >= ENOUGH_SESSIONS);
  if (rested?.bus_start_mv != null) {
    const word = restWord(asShown(rested.bus_start_mv) / (rested.system_volts === 24 ? 2 : 1));
    found.push({ about: "rest", text: texts.atRest(formatVolts(rested.bus_start_mv), texts.rest[word]), warns: word === "low" || word === "empty", month: rested.month, sessions: rested.sensed_sessions });
  }
  const ran = months.findLast(({ engine_sessions }) => engine_sessions >= ENOUGH_SESSIONS);
  const of = { month: ran?.month ?? "", sessions: ran?.engine_sessions ?? 0 };
  const halves = ran?.system_volts === 24 ? 2 : 1;
  if (ran?.bus_min_mv != null) {
    const low = asShown(ran.bus_min_mv) / halves < CRANKING_LOW_MV;
    found.push({ about: "cranking", text: texts.cranking(formatVolts(ran.bus_min_mv), low ? texts.crankingLow : texts.crankingGood), warns: low, ...of });
  }
  if (ran?.bus_max_mv != null) {
    const charging = asShown(ran.bus_max_mv) / halves;
    const word = charging < CHARGING_LOW_MV ? texts.chargingLow : charging > CHARGING_HIGH_MV ? texts.chargingHigh : texts.chargingGood;
    found.push({ about: "charging", text: texts.charging(formatVolts(ran.bus_max_mv), word), warns: word !== texts.chargingGood, ...of });
  }
  return found;
}

/** @param millivolts of a 12 V system */
function restWord(millivolts: number): keyof typeof texts.rest {
  return REST_STEPS.find(([from]) => millivolts >= from)?.[1] ?? "empty";
}

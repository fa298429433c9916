/** A maintenance item as it is typed: every figure is text until it is checked. */

import { LIMITS, type LimitName } from "../data/limits.ts";
import type { Component, ComponentTime, ItemFields, MaintenanceAnchor, MaintenanceItem, NewItem } from "../data/rows.ts";
import { newId } from "../data/uuid.ts";
import { parseHours } from "../format/hours.ts";
import { fromInputDay } from "../format/inputTime.ts";
import { isoDay, startOfDay, type Zone } from "../format/times.ts";
import { limitWords } from "../ui/limitWords.ts";
import type { Template } from "./templates.ts";
import { programmeTexts } from "./programmeTexts.ts";

export const CALENDAR_UNITS = ["months", "days"] as const;
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

export interface ItemDraft {
  itemId: string;
  completionId: string;
  name: string;
  hours: string;
  calendar: string;
  unit: CalendarUnit;
  toleranceHours: string;
  toleranceDays: string;
  warningHours: string;
  warningDays: string;
  anchor: MaintenanceAnchor;
  note: string;
  /** The component that it belongs to; "": the plane. */
  componentId: string;
  /** The meter by which it is due; "": the plane's primary one. */
  meterId: string;
  countsFrom: ComponentTime;
  /** When it was done last, and what the meter or the component had then; "": not known. */
  doneOn: string;
  doneFigure: string;
}

/** What is wrong with a field, by the field. */
export type DraftFaults = Partial<Record<keyof ItemDraft, string>>;

/** What the database takes where nothing else is said. */
const USUAL_WARNING = { warningHours: "10", warningDays: "30" };
const HALF_DAY_MS = 12 * 3_600_000;

const plain = (value: number | null) => (value === null ? "" : String(value));
/** Hours as they are typed: "50", "12.5". */
const typedHours = (seconds: number | null) => (seconds === null ? "" : String(Math.round(seconds / 36) / 100));

export function emptyDraft(): ItemDraft {
  return {
    itemId: newId(),
    completionId: newId(),
    name: "",
    hours: "",
    calendar: "",
    unit: "months",
    toleranceHours: "",
    toleranceDays: "",
    ...USUAL_WARNING,
    anchor: "from_completion",
    note: "",
    componentId: "",
    meterId: "",
    countsFrom: "since_new",
    doneOn: "",
    doneFigure: "",
  };
}

/** @param components those that are installed in the plane */
export function draftOfTemplate(template: Template, components: Component[]): ItemDraft {
  const component = components.find(({ kind }) => kind === template.component);
  return { ...emptyDraft(), ...typed(template), componentId: component?.component_id ?? "" };
}

type Defined = Pick<
  MaintenanceItem,
  "name" | "interval_seconds" | "interval_months" | "interval_days" | "tolerance_seconds" | "tolerance_days" | "anchor" | "counts_from"
>;

function typed(item: Defined) {
  return {
    name: item.name,
    hours: typedHours(item.interval_seconds),
    calendar: plain(item.interval_months ?? item.interval_days),
    unit: item.interval_days === null ? ("months" as const) : ("days" as const),
    toleranceHours: item.tolerance_seconds === 0 ? "" : typedHours(item.tolerance_seconds),
    toleranceDays: item.tolerance_days === 0 ? "" : plain(item.tolerance_days),
    anchor: item.anchor,
    countsFrom: item.counts_from ?? ("since_new" as const),
  };
}

/** An item as it is typed. */
export function draftOfItem(item: MaintenanceItem): ItemDraft {
  return {
    ...emptyDraft(),
    itemId: item.item_id,
    ...typed(item),
    warningHours: typedHours(item.warning_seconds),
    warningDays: plain(item.warning_days),
    note: item.note ?? "",
    componentId: item.component_id ?? "",
    meterId: item.meter_id ?? "",
  };
}

/**
 * Another plane's item for this one: without what was done, by this plane's primary meter, of its component of the same
 * kind, or, where it has none, of the plane itself.
 * @param all the fleet's components
 */
export function draftOfCopy(item: MaintenanceItem, planeId: string, all: Component[]): ItemDraft {
  const kind = all.find(({ component_id }) => component_id === item.component_id)?.kind;
  const component = kind && all.find((one) => one.plane_id === planeId && one.kind === kind);
  return { ...draftOfItem(item), itemId: newId(), meterId: "", componentId: component ? component.component_id : "" };
}

function wholeNumber(text: string): number | null {
  return /^\d{1,6}$/.test(text.trim()) ? Number(text) : null;
}

function outside(limit: LimitName, value: number): boolean {
  const { min = -Infinity, max = Infinity } = LIMITS[limit] as { min?: number; max?: number };
  return value < min || value > max;
}

/** The moment that a day of completion stands for: its noon in the zone, and never later than now. */
export function doneAt(day: string, zone: Zone, now: Date): string {
  return new Date(Math.min(Date.parse(startOfDay(day, zone)) + HALF_DAY_MS, now.getTime())).toISOString();
}

/** What keeps a draft from being saved; empty: nothing. */
export function faultsOf(draft: ItemDraft, zone: Zone, now: Date): DraftFaults {
  const words = programmeTexts.wrong;
  const faults: DraftFaults = {};
  if (draft.name.trim() === "") faults.name = words.name;

  const hours = (field: "hours" | "toleranceHours" | "warningHours" | "doneFigure", limit: LimitName) => {
    if (draft[field].trim() === "") return;
    const seconds = parseHours(draft[field]);
    if (seconds === null) faults[field] = words.hours;
    else if (outside(limit, seconds)) faults[field] = limitWords[limit];
  };
  hours("hours", "interval_seconds_range");
  hours("toleranceHours", "tolerance_seconds_range");
  hours("warningHours", "warning_seconds_range");

  const days = (field: "calendar" | "toleranceDays" | "warningDays", limit: LimitName) => {
    if (draft[field].trim() === "") return;
    const count = wholeNumber(draft[field]);
    if (count === null) faults[field] = words.number;
    else if (outside(limit, count)) faults[field] = limitWords[limit];
  };
  days("calendar", draft.unit === "months" ? "interval_months_range" : "interval_days_range");
  days("toleranceDays", "tolerance_days_range");
  days("warningDays", "warning_days_range");
  if (draft.hours.trim() === "" && draft.calendar.trim() === "") faults.hours = words.interval;

  if (draft.doneOn.trim() !== "") {
    const day = fromInputDay(draft.doneOn);
    if (day === null) faults.doneOn = words.day;
    else if (day > isoDay(now, zone)) faults.doneOn = words.future;
    else if (day < LIMITS.done_at_not_too_early.min.slice(0, 10)) faults.doneOn = limitWords.done_at_not_too_early;
    if (draft.hours.trim() !== "") hours("doneFigure", "completion_seconds_range");
  } else if (draft.hours.trim() !== "" && draft.doneFigure.trim() !== "") {
    faults.doneOn = words.dayOfFigure;
  }
  return faults;
}

/** A draft without faults as the database has it. */
export function fieldsOf(draft: ItemDraft): ItemFields {
  const count = draft.calendar.trim() === "" ? null : wholeNumber(draft.calendar);
  const seconds = draft.hours.trim() === "" ? null : parseHours(draft.hours);
  return {
    name: draft.name.trim(),
    meter_id: draft.componentId === "" && seconds !== null && draft.meterId !== "" ? draft.meterId : null,
    counts_from: draft.componentId === "" ? null : draft.countsFrom,
    interval_seconds: seconds,
    interval_months: draft.unit === "months" ? count : null,
    interval_days: draft.unit === "days" ? count : null,
    tolerance_seconds: parseHours(draft.toleranceHours) ?? 0,
    tolerance_days: wholeNumber(draft.toleranceDays) ?? 0,
    warning_seconds: parseHours(draft.warningHours) ?? 0,
    warning_days: wholeNumber(draft.warningDays) ?? 0,
    anchor: draft.anchor,
    note: draft.note.trim() || null,
  };
}

/** A draft without faults, with what was done last, as it is sent. */
export function newItemOf(draft: ItemDraft, planeId: string, zone: Zone, now: Date): NewItem {
  const day = fromInputDay(draft.doneOn);
  const fields = fieldsOf(draft);
  return {
    ...fields,
    item_id: draft.itemId,
    plane_id: draft.componentId === "" ? planeId : null,
    component_id: draft.componentId === "" ? null : draft.componentId,
    completion:
      day === null
        ? null
        : {
            completion_id: draft.completionId,
            done_at: doneAt(day, zone, now),
            done_on: day,
            meter_seconds: fields.interval_seconds === null || draft.doneFigure.trim() === "" ? null : parseHours(draft.doneFigure),
          },
  };
}

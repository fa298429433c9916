import type { Database } from "../data/database.types.ts";

type Item = Database["public"]["Tables"]["maintenance_items"]["Insert"];
type Defined =
  | "name"
  | "interval_seconds"
  | "interval_months"
  | "interval_days"
  | "tolerance_seconds"
  | "tolerance_days"
  | "counts_from"
  | "anchor";

/** What an item begins with when it is picked from the list; everything can be changed before it is added. */
export interface Template extends Required<Pick<Item, Defined>> {
  key: string;
  /** Belongs to the plane's engine or propeller, where that is entered as a component, and goes with it. */
  component: "engine" | "propeller" | null;
  /** The published rule that the figures follow, as a person would quote it; "" where each programme has its own. */
  rule: string;
}

export interface TemplateGroup {
  group: "inspections" | "engine" | "equipment" | "papers";
  templates: readonly Template[];
}

/** Stands wherever templates are offered. */
export const PROGRAMME_DECIDES =
  "The owner’s maintenance programme decides. These are starting points: check every figure against yours.";

const HOUR = 3600;
const OF_PLANE = {
  interval_seconds: null,
  interval_months: null,
  interval_days: null,
  tolerance_seconds: 0,
  tolerance_days: 0,
  counts_from: null,
  anchor: "from_completion",
  component: null,
  rule: "",
} as const;
const OF_ENGINE = { ...OF_PLANE, component: "engine", counts_from: "since_new" } as const;

/** In the order in which they are offered: what most planes need first. */
export const TEMPLATES: readonly TemplateGroup[] = [
  {
    group: "inspections",
    templates: [
      {
        ...OF_PLANE,
        key: "50h",
        name: "50 h inspection",
        interval_seconds: 50 * HOUR,
        rule: "Recommended by most airframe and engine manuals.",
      },
      {
        ...OF_PLANE,
        key: "annual",
        name: "Annual inspection",
        interval_months: 12,
        rule:
          "14 CFR 91.409(a): within the preceding 12 calendar months, which end with the month. Counted here to the day, which is earlier.",
      },
      {
        ...OF_PLANE,
        key: "100h",
        name: "100 h inspection",
        interval_seconds: 100 * HOUR,
        tolerance_seconds: 10 * HOUR,
        anchor: "from_due_if_late",
        rule:
          "14 CFR 91.409(b), for hire and instruction: up to 10 h over, only to reach a place where it can be done, and the excess is part of the next 100 h.",
      },
      {
        ...OF_PLANE,
        key: "part_ml",
        name: "100 h / annual inspection",
        interval_seconds: 100 * HOUR,
        interval_months: 12,
        tolerance_seconds: 10 * HOUR,
        tolerance_days: 30,
        rule:
          "EASA Part-ML, ML.A.302(d): annual or 100 h, whichever comes first, within 1 month or 10 h; the next interval from the time it takes place.",
      },
    ],
  },
  {
    group: "engine",
    templates: [
      {
        ...OF_ENGINE,
        key: "oil",
        name: "Oil and filter change",
        interval_seconds: 50 * HOUR,
        interval_months: 4,
        rule: "Lycoming Service Instruction 1014: 50 h with a full-flow filter (25 h with a screen), 4 months at most.",
      },
      {
        ...OF_ENGINE,
        key: "rotax_100h",
        name: "Rotax 100 h / annual check",
        interval_seconds: 100 * HOUR,
        interval_months: 12,
        tolerance_seconds: 10 * HOUR,
        tolerance_days: 60,
        anchor: "from_due",
        rule:
          "Rotax 912 maintenance manual (line), 05-20-00: 100 h or 12 months, within 10 h or 2 months; done at 110 h, the next is due at 200 h, done at 87 h, at 187 h.",
      },
      {
        ...OF_ENGINE,
        key: "spark_plugs",
        name: "Spark plugs",
        interval_seconds: 100 * HOUR,
      },
      {
        ...OF_ENGINE,
        key: "magnetos",
        name: "Magneto inspection",
        interval_seconds: 500 * HOUR,
        rule: "Slick and Bendix service manuals: every 500 h.",
      },
      {
        ...OF_ENGINE,
        key: "engine_overhaul",
        name: "Engine overhaul (TBO)",
        interval_seconds: 2000 * HOUR,
        interval_months: 144,
        counts_from: "since_overhaul",
        rule:
          "Lycoming Service Instruction 1009: by model, often 2,000 h or 12 years. Enter the last overhaul as done at 0 h.",
      },
      {
        ...OF_ENGINE,
        key: "propeller_overhaul",
        component: "propeller",
        name: "Propeller overhaul (TBO)",
        interval_seconds: 2400 * HOUR,
        interval_months: 72,
        counts_from: "since_overhaul",
        rule:
          "Hartzell Service Letter 61 and McCauley Service Bulletin 137: by model, often 2,000 or 2,400 h or 6 years. Enter the last overhaul as done at 0 h.",
      },
    ],
  },
  {
    group: "equipment",
    templates: [
      {
        ...OF_PLANE,
        key: "elt",
        name: "ELT inspection",
        interval_months: 12,
        rule: "14 CFR 91.207(d): within 12 calendar months after the last inspection.",
      },
      {
        ...OF_PLANE,
        key: "elt_battery",
        name: "ELT battery",
        interval_months: 60,
        rule:
          "14 CFR 91.207(c): at half of its useful life, or after an hour of use. The date is marked on the transmitter: set the interval to match it.",
      },
      {
        ...OF_PLANE,
        key: "pitot_static",
        name: "Pitot-static and transponder",
        interval_months: 24,
        rule: "14 CFR 91.411 (for IFR) and 91.413: within the preceding 24 calendar months.",
      },
      {
        ...OF_PLANE,
        key: "vor",
        name: "VOR check",
        interval_days: 30,
        rule: "14 CFR 91.171, for IFR: within the preceding 30 days.",
      },
      {
        ...OF_PLANE,
        key: "fire_extinguisher",
        name: "Fire extinguisher",
        interval_months: 12,
      },
      {
        ...OF_PLANE,
        key: "first_aid",
        name: "First-aid kit",
        interval_months: 12,
      },
    ],
  },
  {
    group: "papers",
    templates: [
      {
        ...OF_PLANE,
        key: "airworthiness_review",
        name: "Airworthiness review",
        interval_months: 12,
        rule:
          "EASA Part-ML, ML.A.901: the certificate is valid for one year. Enter the date from which it counts as the date done.",
      },
      {
        ...OF_PLANE,
        key: "insurance",
        name: "Insurance",
        interval_months: 12,
      },
      {
        ...OF_PLANE,
        key: "weighing",
        name: "Weight and balance",
        interval_months: 48,
      },
    ],
  },
];

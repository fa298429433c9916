import { dashboardTexts } from "../dashboard/texts.ts";
import { formatCount, plural } from "../format/plural.ts";
import type { EVERYDAY_PERIODS } from "./periods.ts";

/** What the log says on its own page, on paper and in files: loaded with these, since a visit begins without. */
export const listTexts = {
  when: "When",
  everyday: { ...dashboardTexts.dashboard.periods, year: "This year" } satisfies Record<(typeof EVERYDAY_PERIODS)[number], string>,
  period: "Other period",
  lastDays: { "30d": "Last 30 days", "90d": "Last 90 days" },
  all: "All time",
  custom: "From … to …",

  /** Where something is merged or split, these are entries of the log. */
  count: (count: number, isPlain: boolean) => (isPlain ? plural(count, "session") : plural(count, "entry", "entries")),
  hobbs: (start: string, end: string) => `Hobbs ${start} → ${end}`,
  engine: (hours: string) => `engine ${hours}`,
  leftOut: (count: number) => `+ ${formatCount(count)} left out`,
  totals: "Totals",
  print: "Print",
} as const;

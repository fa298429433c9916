import type { EVERYDAY_PERIODS } from "./periods.ts";

/** What the sessions page alone says: loaded with it, since a visit begins without. */
export const listTexts = {
  when: "When",
  everyday: { today: "Today", yesterday: "Yesterday", month: "This month", last_month: "Last month", year: "This year" } satisfies Record<(typeof EVERYDAY_PERIODS)[number], string>,
  period: "Other period",
  otherPeriod: "Other period",
  lastDays: { "30d": "Last 30 days", "90d": "Last 90 days" },
  all: "All time",
  custom: "From … to …",
} as const;

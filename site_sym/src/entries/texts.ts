import { plural } from "../format/plural.ts";

/** What merging and splitting say: loaded with their dialogs, since a visit begins without. */
export const entryTexts = {
  merge: {
    action: "Merge…",
    lead: "One entry of the log, from the first power-on to the last power-off. The time between is not counted, and totals stay as they are.",
    powerUps: "Power-ups",
    keep: "No class",
    save: "Merge",
    merged: (count: number) => `${plural(count, "power-up")} merged.`,
    add: "Add it",
    addLead: "The entry keeps its class, pilot and remarks.",
    addAction: (count: number) => `Add ${plural(count, "power-up")}`,
    added: (count: number) => `${plural(count, "power-up")} added to the entry.`,
    takenOut: "Taken out of the entry.",
    unmerged: (count: number) => `${plural(count, "power-up")} in the log again.`,
    between: (gap: string) => `${gap} between them`,
  },

  suggestions: {
    label: "Suggested merges",
    one: (count: number, gap: string) => `${plural(count, "power-up")} with ${gap} between: one flight?`,
    beside: (count: number) => `${plural(count, "power-up")} beside or within a merged entry: part of it?`,
    span: (plane: string, from: string, to: string) => `${plane}, ${from} – ${to}`,
    of: (action: string, what: string) => `${action} ${what}`,
    dismiss: "No",
    more: (count: number) => `${count} more`,
  },

  merged: {
    duration: (gap: string) => `without the ${gap} between`,
    powerUps: "Its power-ups",
    open: (what: string) => `Open the power-up of ${what}`,
    takeOut: "Take out",
    takeOutOf: (what: string) => `Take out the power-up of ${what}`,
    within: (when: string, duration: string) => `A power-up of ${duration} at ${when} lies within this entry.`,
    elsewhere: (count: number) =>
      `${plural(count, "more power-up")} ${count === 1 ? "was" : "were"} merged here and ${count === 1 ? "belongs" : "belong"} to another plane now. If that is corrected, ${count === 1 ? "it comes" : "they come"} back.`,
    unmerge: "Separate again",
    back: "Back to the entry",
    saved: "Saved.",
  },

  split: {
    action: "Split…",
    change: "Change the parts…",
    lead: "Each part stands in the log by itself, with its own class, pilot and remarks. The session and all totals stay as they are.",
    parts: "Parts of equal length",
    part: (number: number, count: number) => `Part ${number} of ${count}`,
    begins: (zone: string) => `Begins (${zone})`,
    wrong: "Each part begins within the session, after the one before it, and lasts at least a minute.",
    remove: "Remove this cut",
    removeOf: (number: number) => `Remove the cut before part ${number}`,
    add: "Add a cut",
    save: (count: number) => `Split into ${count}`,
    split: (count: number) => `Split into ${plural(count, "part")}.`,
    changed: "The parts are changed.",
    join: "Join the parts again",
    joined: "One session in the log again.",
    whole: "The whole session",
    grows: "If the session grows, its last part does.",
  },

  gap: {
    title: "Merging power-ups",
    label: "Suggest merging with less between than (min)",
    hint: "Power-ups that are closer may be one flight. 0: never suggested.",
    wrong: (most: number) => `Enter whole minutes, up to ${most}.`,
    save: "Save",
    saved: "Saved.",
  },
} as const;

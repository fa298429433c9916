import { plural } from "../format/plural.ts";

/** What merging and splitting say: loaded with their dialogs, since a visit begins without. */
export const entryTexts = {
  merge: {
    action: "Merge…",
    lead: "The log has one entry per power-up until you merge some: then they are one entry, from the first power-on to the last power-off. The time in between is not counted, and totals stay the same.",
    powerUps: "Power-ups",
    keep: "No class",
    save: "Merge",
    merged: (count: number) => `${plural(count, "power-up")} merged.`,
    add: "Add it",
    addLead: "The entry keeps its class, pilot and remarks.",
    addAction: (count: number) => `Add ${plural(count, "power-up")}`,
    added: (count: number) => `${plural(count, "power-up")} added to the entry.`,
    takenOut: "Taken out of the entry.",
    unmerged: (count: number) => `${plural(count, "power-up")} listed separately again.`,
    between: (gap: string) => `${gap} between them`,
  },

  suggestions: {
    label: "Suggested merges",
    one: (count: number, gap: string) => `${plural(count, "power-up")} ${gap} apart: one flight?`,
    beside: (count: number) => `${plural(count, "power-up")} next to or within a merged entry: part of it?`,
    span: (plane: string, from: string, to: string) => `${plane}, ${from} – ${to}`,
    of: (action: string, what: string) => `${action} ${what}`,
    dismiss: "No",
    more: (count: number) => `${count} more`,
  },

  merged: {
    duration: (gap: string) => `without the ${gap} in between`,
    powerUps: "Its power-ups",
    open: (what: string) => `Open the power-up of ${what}`,
    takeOut: "Take out",
    takeOutOf: (what: string) => `Take out the power-up of ${what}`,
    within: (when: string, duration: string) => `A power-up of ${duration} at ${when} falls within this entry.`,
    elsewhere: (count: number) =>
      `${plural(count, "more power-up")} ${count === 1 ? "was" : "were"} merged here and ${count === 1 ? "belongs" : "belong"} to another plane now. If that is corrected, ${count === 1 ? "it comes" : "they come"} back.`,
    unmerge: "Separate again",
    back: "Back to the entry",
    saved: "Saved.",
  },

  split: {
    action: "Split…",
    change: "Change the parts…",
    lead: "The log has one entry per power-up until you split one: then each part is its own entry, with its own class, pilot and remarks. The session and all totals stay the same.",
    parts: "Parts of equal length",
    part: (number: number, count: number) => `Part ${number} of ${count}`,
    begins: (zone: string) => `Begins (${zone})`,
    wrong: "Each part begins within the session, after the one before it, and lasts at least a minute.",
    remove: "Remove this cut",
    removeOf: (number: number) => `Remove the cut before part ${number}`,
    add: "Add a cut",
    save: (count: number) => `Split into ${count}`,
    split: (count: number) => `Split into ${plural(count, "part")}.`,
    changed: "The parts were changed.",
    join: "Join the parts again",
    joined: "Listed as one session again.",
    whole: "The whole session",
    grows: "If the session gets longer, so does its last part.",
  },

  gap: {
    title: "Merging power-ups",
    label: "Suggest merging when closer than (min)",
    hint: "Power-ups that close together may be one flight. 0: never suggest it.",
    wrong: (most: number) => `Enter whole minutes, up to ${most}.`,
    save: "Save",
    saved: "Saved.",
  },
} as const;

import type { Component } from "../data/rows.ts";
import { formatHoursWithUnit, type HoursFormat } from "../format/hours.ts";
import { componentsTexts } from "./texts.ts";

/** What a component is called: "Lycoming O-320, S/N L-1234"; by its kind where nothing else is known. */
export function componentName({ kind, make, model, serial }: Pick<Component, "kind" | "make" | "model" | "serial">): string {
  const type = [make, model].filter(Boolean).join(" ") || componentsTexts.kinds[kind];
  return serial ? `${type}, ${componentsTexts.serialOf(serial)}` : type;
}

/** Its time since new: what was counted is the least where it came with an unknown time; null: it was never installed. */
export function sinceNewWords({ since_new_seconds, counted_seconds }: Component, format: HoursFormat): string | null {
  if (since_new_seconds !== null) return formatHoursWithUnit(since_new_seconds, format);
  return counted_seconds === null ? null : componentsTexts.atLeast(formatHoursWithUnit(counted_seconds, format));
}

/** Its time since overhaul, or that it is not known. */
export function sinceOverhaulWords({ since_overhaul_seconds }: Component, format: HoursFormat): string {
  return since_overhaul_seconds === null ? componentsTexts.notKnown : formatHoursWithUnit(since_overhaul_seconds, format);
}

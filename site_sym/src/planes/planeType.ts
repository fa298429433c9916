import { LIMITS } from "../data/limits.ts";
import type { Plane } from "../data/rows.ts";

/** "C172 · Cessna Skyhawk", as far as it is known. */
export function planeType({ type_designator, make, model }: Pick<Plane, "type_designator" | "make" | "model">): string {
  return [type_designator, [make, model].filter(Boolean).join(" ")].filter(Boolean).join(" · ");
}

/** Whether an upper-case text can be an ICAO type designator. */
export function isTypeDesignator(text: string): boolean {
  const { min, max, pattern } = LIMITS.type_designator_form;
  return text.length >= min && text.length <= max && new RegExp(pattern).test(text);
}

import type { Plane } from "./model.ts";

/** "C172 · Cessna Skyhawk", as far as it is known. */
export function planeType({ typeDesignator, make, model }: Pick<Plane, "typeDesignator" | "make" | "model">): string {
  return [typeDesignator, [make, model].filter(Boolean).join(" ")].filter(Boolean).join(" · ");
}

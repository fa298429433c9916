import type { Meter } from "../data/rows.ts";
import { formatHoursWithUnit, formatMeterWithUnit, type HoursFormat, shownRest } from "../format/hours.ts";
import { formatDay, type Zone } from "../format/times.ts";
import { uncertaintyWords } from "../format/uncertainty.ts";
import { texts } from "../ui/texts.ts";

const RATIO_DECIMALS = 3;

/** A ratio to three decimals, without zeros at the end: "0.8", "0.832". The band's ends are rounded outwards: it never looks narrower than it is. */
export function formatRatio(ratio: number, round: (value: number) => number = Math.round): string {
  const steps = 10 ** RATIO_DECIMALS;
  // 0.83 × 1,000 is a little more than 830 in binary.
  return String(round(Number((ratio * steps).toFixed(RATIO_DECIMALS))) / steps);
}

/** What an estimated meter goes by, and how sure that is; null for any other. */
export function ratioWords({ ratio, ratio_low, ratio_high, ratio_readings }: Meter): string | null {
  if (ratio === null) return null;
  if (ratio_low === null || ratio_high === null || ratio_readings === null) return texts.meters.entered(formatRatio(ratio));
  return texts.meters.learned(formatRatio(ratio), formatRatio(ratio_low, Math.floor), formatRatio(ratio_high, Math.ceil), ratio_readings);
}

/** How much more and how much less a meter's figure may be at most; "" where that is not known. */
export function meterUncertainty(moreSeconds: number | null, lessSeconds: number | null, format: HoursFormat): string {
  return uncertaintyWords(moreSeconds ?? 0, lessSeconds ?? 0, format);
}

/** What a meter's figure is made of, a line each. */
export function meterBasis(meter: Meter, format: HoursFormat, zone: Zone, now: Date): string[] {
  const { source, total_seconds, reading_seconds, reading_as_of, uncertainty_seconds, uncertainty_less_seconds, not_sensed_seconds } = meter;
  const hours = (seconds: number) => formatHoursWithUnit(seconds, format);
  const lines: string[] = [];
  if (total_seconds === null) {
    lines.push(source === "estimated" ? texts.meters.needsReading : texts.engine.notSensed);
  } else {
    const counted = hours(shownRest(total_seconds, reading_seconds ?? 0, format));
    const basis =
      reading_seconds === null || reading_as_of === null
        ? texts.meters.counted(counted)
        : texts.meters.onReading(formatMeterWithUnit(reading_seconds, format), formatDay(reading_as_of, zone, now), counted);
    lines.push([basis, meterUncertainty(uncertainty_seconds, uncertainty_less_seconds, format)].filter(Boolean).join(" · "));
  }
  const ratio = ratioWords(meter);
  if (ratio !== null) lines.push(ratio);
  if (not_sensed_seconds && total_seconds !== null) lines.push(texts.meters.notSensed(hours(not_sensed_seconds)));
  return lines;
}

import { formatDuration } from "../format/hours.ts";

/** A pause as people say it: "40 s", "4 min", "1:05 h". */
export function gapWords(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${formatDuration(seconds).minutes} h`;
}

import type { SessionPart } from "../data/rows.ts";
import { newId } from "../data/uuid.ts";

/** The least that a part lasts (split_session). */
export const SHORTEST_PART_SECONDS = 60;
const MOST_PARTS = 20;

/** Into how many parts a session of this length can be cut. */
export function mostParts(seconds: number): number {
  return Math.min(MOST_PARTS, Math.floor(seconds / SHORTEST_PART_SECONDS));
}

/** Where parts of equal length begin, in whole minutes where that leaves each a minute at least. */
export function equalCuts(seconds: number, count: number): number[] {
  const exact = Array.from({ length: count }, (_, n) => Math.round((n * seconds) / count));
  const minutes = exact.map((from) => Math.round(from / 60) * 60);
  return areCuts(minutes, seconds) ? minutes : exact;
}

/** Whether parts may begin there: ascending from 0, each with a minute at least. */
export function areCuts(cuts: number[], seconds: number): boolean {
  return cuts[0] === 0 && cuts.every((from, n) => (cuts[n + 1] ?? seconds) - from >= SHORTEST_PART_SECONDS);
}

/** The parts with one more: the longest is cut in the middle, and its second half says the same. */
export function withCut(parts: SessionPart[], seconds: number): SessionPart[] {
  const lengthOf = (n: number) => (parts[n + 1]?.from_seconds ?? seconds) - (parts[n]?.from_seconds ?? 0);
  const longest = parts.reduce((best, _, n) => (lengthOf(n) > lengthOf(best) ? n : best), 0);
  const cut = parts[longest];
  if (cut === undefined) return parts;
  const half = { ...cut, entry_id: newId(), from_seconds: cut.from_seconds + Math.round(lengthOf(longest) / 2), remarks: null };
  return parts.toSpliced(longest + 1, 0, half);
}

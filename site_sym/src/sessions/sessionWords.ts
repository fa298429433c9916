import type { LogEntry, Logged } from "../data/rows.ts";
import type { Tone } from "../devices/deviceWords.ts";
import { formatDuration } from "../format/hours.ts";
import { startUncertainty } from "../format/uncertainty.ts";
import { texts } from "../ui/texts.ts";

export interface SessionWords {
  /** How many power-ups are merged, or which part of one it is; null for a session by itself. */
  kind: string | null;
  /** The state, where it is more than "ended". */
  state: { tone: Tone; text: string } | null;
  /** How good the figures are, in the order of importance; the first may be a warning. */
  quality: { tone: "warn" | "muted"; text: string }[];
  /** Both times are estimates. */
  estimated: boolean;
  /** How long it ran after the device's release and does not count yet; null: nothing waits. */
  held: string | null;
}

/** What makes an entry more or less than a session. */
function kindWords({ kind, session_ids, part_number, part_count }: LogEntry): string | null {
  if (kind === "merged") return texts.sessions.powerUps(session_ids.length);
  return part_number === null || part_count === null ? null : texts.sessions.part(part_number, part_count);
}

/** The state and quality of a session or an entry of the log in words. */
export function sessionWords(session: Logged | LogEntry): SessionWords {
  const { states, qualities } = texts.sessions;
  const tone: Tone = session.state === "running" ? "good" : "idle";
  const quality: SessionWords["quality"] = [];
  const estimated = session.quality === "clock_estimated";
  if (estimated) {
    const { start_uncertainty_s } = session;
    const within = start_uncertainty_s === null ? "" : ` ${startUncertainty(start_uncertainty_s)}`;
    quality.push({ tone: "warn", text: qualities.clock_estimated + within });
  } else if (session.quality === "flagged") {
    quality.push({ tone: "warn", text: qualities.flagged });
  } else if (session.state !== "running" && session.quality !== "unconfirmed") {
    quality.push({ tone: "muted", text: qualities[session.quality] });
  }
  if (session.excluded) quality.push({ tone: "warn", text: texts.sessions.excluded });
  if (session.overlaps) quality.push({ tone: "warn", text: texts.sessions.overlaps });
  if (session.short && session.state !== "running") quality.push({ tone: "muted", text: texts.sessions.short });
  const { minutes, seconds } = formatDuration(session.held_seconds ?? 0);
  const held = session.held_seconds ? minutes + seconds : null;
  const kind = "kind" in session ? kindWords(session) : null;
  return { kind, state: session.state === "ended" ? null : { tone, text: states[session.state] }, quality, estimated, held };
}

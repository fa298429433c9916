import { RULES } from "../data/limits.ts";
import type { Device, LogEntry, Plane, Session } from "../data/rows.ts";
import { formatMoment, type Zone } from "../format/times.ts";
import { texts } from "../ui/texts.ts";

export type Tone = "good" | "warn" | "bad" | "idle" | "none";

export interface DeviceWords {
  tone: Tone;
  text: string;
  /** What to do about it, or why nothing is to be done: whoever wonders about a silent board reads that a parked one is. */
  hint: string;
  /** Counting time beside the words, null where none is shown. */
  seconds: number | null;
  /** It has been silent for so long that somebody may wonder: a card says the hint, too. */
  isPuzzling: boolean;
}

/** A plane that flies every weekend is silent for less. */
const PUZZLING_MS = 7 * 86_400_000;

/** Seconds of the running session at `now`: what the board reported last, counted on for as long as a silent board still counts as running: past
 *  that it would show hours that nobody measured. */
export function runningSeconds(device: Device, now: Date): number | null {
  if (device.running_seconds === null) return null;
  if (device.running_update === null) return device.running_seconds;
  const since = Math.floor((now.getTime() - Date.parse(device.running_update)) / 1000);
  return device.running_seconds + Math.min(Math.max(since, 0), RULES.running_seconds);
}

/** A plane with its figures at `now`: the database's, and in each of them what its running session has gained since. */
export function livePlane(plane: Plane, device: Device | undefined, now: Date): Plane {
  const running = device && runningSeconds(device, now);
  if (typeof running !== "number") return plane;
  const gained = running - (device?.running_seconds ?? 0);
  // What the engine runs, or a tach advances, is known once the board has reported it.
  const meter_seconds = plane.meter_source === "powered" && plane.meter_seconds !== null ? plane.meter_seconds + gained : plane.meter_seconds;
  return { ...plane, total_seconds: plane.total_seconds + gained, month_seconds: plane.month_seconds + gained, meter_seconds };
}

/** A session or an entry with its figures at `now`: a running one lasts as long as its board's state says, and its meter turns with it. */
export function liveSession<Line extends Session | LogEntry>(session: Line, devices: Device[], now: Date): Line {
  if (session.state !== "running") return session;
  const device = devices.find(({ device_uuid, running_effective_start }) => device_uuid === session.device_uuid && running_effective_start !== null);
  const running = (device && runningSeconds(device, now)) ?? 0;
  // Of several power-ups, and of a part, the board tells only the whole of the last one: what it gained since.
  const isWhole = !("kind" in session) || session.kind === "session";
  const run_seconds = isWhole ? Math.max(session.run_seconds, running) : session.run_seconds + Math.max(0, running - (device?.running_seconds ?? running));
  const hobbs_end_seconds = session.hobbs_end_seconds === null ? null : session.hobbs_end_seconds + run_seconds - session.run_seconds;
  return { ...session, run_seconds, hobbs_end_seconds };
}

/** A device's state as a tone and words. Silence is normal: a parked plane's board has no power. */
export function deviceWords(device: Device, zone: Zone, now: Date): DeviceWords {
  const words = (tone: Tone, text: string, hint = ""): DeviceWords => ({ tone, text, hint, seconds: null, isPuzzling: false });
  switch (device.state) {
    case "running":
      return { ...words("good", texts.device.running), seconds: runningSeconds(device, now) };
    case "delivering":
      return words("warn", texts.device.delivering(device.unsent ?? 0));
    case "never_heard":
      return { ...words("none", texts.device.neverHeard, texts.device.neverHeardHint), isPuzzling: true };
    case "needs_attention":
      return words("bad", ...texts.device.attention(device.attention));
    case "off": {
      if (device.last_seen === null) return words("idle", texts.device.off, texts.device.offHint);
      const moment = formatMoment(device.last_seen, zone, now);
      const said = device.unsent
        ? words("idle", texts.device.away(moment, device.unsent), texts.device.awayHint(device.unsent))
        : words("idle", texts.device.offHeard(moment), texts.device.offHint);
      return { ...said, isPuzzling: now.getTime() - Date.parse(device.last_seen) > PUZZLING_MS };
    }
  }
}

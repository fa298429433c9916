import { formatMoment, type Zone } from "./format/times.ts";
import type { Device, Plane, Session } from "./model.ts";
import { texts } from "./texts.ts";

export type Tone = "good" | "warn" | "bad" | "idle" | "none";

export interface DeviceWords {
  tone: Tone;
  text: string;
  /** What to do about it, where something is to be done. */
  hint: string;
  /** Counting time beside the words, null where none is shown. */
  seconds: number | null;
}

/** A running board reports once a minute; counting on past two reports would show hours that nobody measured. */
const COUNT_ON_SECONDS = 120;

/** Seconds of the running session at `now`: what the board reported last, counted on for as long as it may be believed. */
export function runningSeconds(device: Device, now: Date): number | null {
  if (device.runningSeconds === null) return null;
  if (device.runningUpdate === null) return device.runningSeconds;
  const since = Math.floor((now.getTime() - Date.parse(device.runningUpdate)) / 1000);
  return device.runningSeconds + Math.min(Math.max(since, 0), COUNT_ON_SECONDS);
}

/** A plane with its figures at `now`: the database's, and in each of them what its running session has gained since. */
export function livePlane(plane: Plane, device: Device | undefined, now: Date): Plane {
  const running = device && runningSeconds(device, now);
  if (typeof running !== "number") return plane;
  const gained = running - (device?.runningSeconds ?? 0);
  const { totalSeconds, monthSeconds, countedSeconds } = plane;
  return { ...plane, totalSeconds: totalSeconds + gained, monthSeconds: monthSeconds + gained, countedSeconds: countedSeconds + gained };
}

/** A session with its figures at `now`: a running one lasts as long as its board's state says, and its meter turns with it. */
export function liveSession(session: Session, devices: Device[], now: Date): Session {
  if (session.state !== "running") return session;
  const device = devices.find(({ uuid, runningStart }) => uuid === session.deviceUuid && runningStart !== null);
  const runSeconds = Math.max(session.runSeconds, (device && runningSeconds(device, now)) ?? 0);
  const hobbsEndSeconds = session.hobbsEndSeconds === null ? null : session.hobbsEndSeconds + runSeconds - session.runSeconds;
  return { ...session, runSeconds, hobbsEndSeconds };
}

/** A device's state as a tone and words. Silence is normal: a parked plane's board has no power. */
export function deviceWords(device: Device, zone: Zone, now: Date): DeviceWords {
  const words = (tone: Tone, text: string, hint = ""): DeviceWords => ({ tone, text, hint, seconds: null });
  switch (device.state) {
    case "running":
      return { ...words("good", texts.device.running), seconds: runningSeconds(device, now) };
    case "delivering":
      return words("warn", texts.device.delivering(device.unsent ?? 0));
    case "never_heard":
      return words("none", texts.device.neverHeard, texts.device.neverHeardHint);
    case "needs_attention":
      return words("bad", ...texts.device.attention(device.attention));
    case "off": {
      if (device.lastSeen === null) return words("idle", texts.device.off);
      const moment = formatMoment(device.lastSeen, zone, now);
      if (device.unsent) return words("idle", texts.device.away(moment, device.unsent));
      return words("idle", texts.device.offHeard(moment));
    }
  }
}

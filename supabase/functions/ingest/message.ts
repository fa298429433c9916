// The form of one message. Fields that are not named here are dropped.

import * as v from "valibot";

const INT32_MAX = 2 ** 31 - 1;
const MAX_TEXT = 200;
const MAX_BUS_MV = 100_000;

const integer = (max: number) =>
  v.pipe(
    v.number("must be a number"),
    v.integer("must be a whole number"),
    v.minValue(0, "must not be negative"),
    v.maxValue(max, `must be at most ${max}`),
  );

const uuid = v.pipe(
  v.string("must be text"),
  v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a UUID in lower case"),
);

const time = v.pipe(
  v.string("must be text"),
  v.regex(/^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "must look like 2025-10-23T18:00:00Z"),
  v.check(isRealTime, "must be a date and time that exist"),
);

/** JSON's own round trip fixes what Date accepts too much of: 30 February, 24:00. */
function isRealTime(text: string): boolean {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text.replace("Z", ".000Z");
}

// PostgreSQL stores neither NUL nor half a surrogate pair; other control characters have no place in a log, either.
const text = v.pipe(
  v.string("must be text"),
  v.maxLength(MAX_TEXT, `must have at most ${MAX_TEXT} characters`),
  // deno-lint-ignore no-control-regex
  v.check((value) => value.isWellFormed() && !/[\x00-\x1f\x7f]/.test(value), "must not hold control characters"),
);

const Message = v.object({
  device_uuid: uuid,
  session_start: time,
  run_seconds: integer(INT32_MAX),
  last_update: time,
  status: v.picklist(["open", "closed"], "must be open or closed"),
  msg_id: v.string("must be text"),
  boot: v.nullish(integer(INT32_MAX)),
  start_source: v.nullish(v.picklist(["ntp", "server", "rtc", "estimated"], "must be ntp, server, rtc or estimated")),
  start_uncertainty_s: v.nullish(integer(INT32_MAX)),
  checkpoint_seconds: v.nullish(integer(86_400)),
  lifetime_seconds: v.nullish(integer(Number.MAX_SAFE_INTEGER)),
  reset_reason: v.nullish(text),
  firmware: v.nullish(text),
  unsent: v.nullish(integer(INT32_MAX)),
  engine_seconds: v.nullish(integer(INT32_MAX)),
  engine_first_s: v.nullish(integer(INT32_MAX)),
  bus_start_mv: v.nullish(integer(MAX_BUS_MV)),
  bus_min_mv: v.nullish(integer(MAX_BUS_MV)),
  bus_max_mv: v.nullish(integer(MAX_BUS_MV)),
});

const WITHIN_THE_SESSION = ["engine_seconds", "engine_first_s"] as const;

export type Message = v.InferOutput<typeof Message>;
export type Checked =
  | { ok: true; message: Message }
  | { ok: false; msg_id: string | null; code: "bad_message" | "bad_msg_id"; message: string };

/** The message, or what is wrong with it. */
export function checkMessage(value: unknown): Checked {
  const parsed = v.safeParse(Message, value, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const field = issue.path?.[0]?.key;
    const message = field === undefined
      ? "A message is a JSON object"
      : issue.path?.[0] && issue.received === "undefined"
      ? `${field} is missing`
      : `${field} ${issue.message}`;
    return { ok: false, msg_id: msgIdOf(value), code: "bad_message", message };
  }
  const { device_uuid, session_start, run_seconds, msg_id } = parsed.output;
  for (const name of WITHIN_THE_SESSION) {
    if ((parsed.output[name] ?? 0) > run_seconds) {
      return { ok: false, msg_id: msgIdOf(value), code: "bad_message", message: `${name} must be at most run_seconds` };
    }
  }
  const short = `${session_start}:${run_seconds}`;
  if (msg_id !== short && msg_id !== `${device_uuid}:${short}`) {
    return {
      ok: false,
      msg_id: msgIdOf(value),
      code: "bad_msg_id",
      message: "msg_id must be device_uuid:session_start:run_seconds",
    };
  }
  return { ok: true, message: parsed.output };
}

/** The device that a value says it is of, or null where it says nothing. */
export function deviceOf(value: unknown): string | null {
  return field(value, "device_uuid");
}

/** As the sender wrote it, for the result that names the message; null where it is no plausible name. */
function msgIdOf(value: unknown): string | null {
  const id = field(value, "msg_id");
  return id !== null && id.length <= MAX_TEXT ? id : null;
}

function field(value: unknown, name: string): string | null {
  if (typeof value !== "object" || value === null || !(name in value)) return null;
  const found = (value as Record<string, unknown>)[name];
  return typeof found === "string" ? found : null;
}

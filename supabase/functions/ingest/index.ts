// POST /functions/v1/ingest: messages from boards, straight to one database function, in one round trip.
// Here: the form of a request. In private.ingest (supabase/migrations): keys, limits, the join.

import { createAdminClient } from "@supabase/server/core";
import { readText } from "./body.ts";
import { hasAccess, keyHash } from "./credentials.ts";
import { type Checked, checkMessage, deviceOf, type Message } from "./message.ts";
import { Problem } from "./problem.ts";

const MAX_BODY_BYTES = 64 * 1024;
const MAX_BATCH = 100;

type ServerInfo = { ok: true; server_time: string; server_id: string };
type Result = { msg_id: string | null; outcome: "stored" | "duplicate" | "rejected"; code?: string; message?: string };
type Accepted = { status: 200; body: ServerInfo & { new_device: boolean; results: Result[] } };
type Refused = { status: number; code: string; message: string; hint: string; retry_after: number | null };

// One client for all requests: it keeps nothing of any of them, and making one takes longer than checking a message.
// (`withSupabase` makes two for each.)
let admin: ReturnType<typeof createAdminClient> | undefined;

export default {
  // Boards are no browsers and carry no user token: no CORS headers, no user authentication.
  fetch: async (request: Request): Promise<Response> => {
    try {
      return json(200, await answer(request));
    } catch (error) {
      if (error instanceof Problem) return json(error.status, error.body, error.headers);
      console.error(error);
      return json(500, { code: "internal", message: "The server failed", hint: "Send the same again later." });
    }
  },
};

async function answer(request: Request): Promise<unknown> {
  if (request.method === "GET") return await call<ServerInfo>("server_info");
  if (request.method !== "POST") {
    throw new Problem(405, "method_not_allowed", "Only POST and GET are allowed", "POST messages, or GET the time.", {
      allow: "GET, POST",
    });
  }
  if (!(await hasAccess(request))) {
    throw new Problem(
      401,
      "access_token_wrong",
      "The access token is missing or wrong",
      "Send the project's token as Authorization: Bearer <token>; on a board it is access_token in secrets.py.",
    );
  }
  const deviceKeyHash = await keyHash(request);
  const body = parse(await readText(request, MAX_BODY_BYTES));
  return Array.isArray(body)
    ? await ingestBatch(body, deviceKeyHash)
    : await ingestSingle(body, deviceKeyHash);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(
      400,
      "bad_json",
      "The body is not JSON",
      "Send one message as a JSON object, or an array of them.",
    );
  }
}

async function ingestSingle(body: unknown, deviceKeyHash: string | null) {
  const checked = checkMessage(body);
  if (!checked.ok) {
    throw new Problem(
      400,
      checked.code,
      checked.message,
      "The fields of a message are described in supabase/README.md.",
    );
  }
  return await ingest([checked.message], deviceKeyHash, false);
}

/** One result per message, in order; the well-formed ones are stored in one transaction. */
async function ingestBatch(body: unknown[], deviceKeyHash: string | null) {
  if (body.length === 0) {
    throw new Problem(400, "empty_batch", "The array is empty", `Send 1 to ${MAX_BATCH} messages.`);
  }
  if (body.length > MAX_BATCH) {
    throw new Problem(
      400,
      "batch_too_large",
      `More than ${MAX_BATCH} messages`,
      `Send at most ${MAX_BATCH} at a time.`,
    );
  }
  if (new Set(body.map(deviceOf).filter((device) => device !== null)).size > 1) {
    throw new Problem(400, "mixed_devices", "The messages are of different devices", "Send one request per device.");
  }
  const checked = body.map(checkMessage);
  const good = checked.flatMap((item) => item.ok ? [item.message] : []);
  const stored = good.length > 0
    ? await ingest(good, deviceKeyHash, true)
    : { ...await call<ServerInfo>("server_info"), new_device: false, results: [] };
  const results = stored.results.values();
  return { ...stored, results: checked.map((item) => item.ok ? results.next().value : rejection(item)) };
}

function rejection({ msg_id, code, message }: Checked & { ok: false }): Result {
  return { msg_id, outcome: "rejected", code, message };
}

async function ingest(messages: Message[], deviceKeyHash: string | null, batch: boolean) {
  const answer = await call<Accepted | Refused>("ingest", {
    messages,
    device_key_sha256: deviceKeyHash,
    batch,
  });
  if ("body" in answer) return answer.body;
  throw new Problem(
    answer.status,
    answer.code,
    answer.message,
    answer.hint,
    answer.retry_after === null ? {} : { "retry-after": String(answer.retry_after) },
  );
}

/** Calls a function of the database with the service role. Its error stays in the log: it would tell about internals. */
async function call<Answer>(
  name: string,
  args: Record<string, unknown> = {},
): Promise<Answer> {
  const { data, error } = await (admin ??= createAdminClient()).rpc(name as never, args as never);
  if (!error) return data as Answer;
  console.error(`${name}:`, error);
  throw new Problem(503, "unavailable", "The database did not answer", "Send the same again later.");
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });
}

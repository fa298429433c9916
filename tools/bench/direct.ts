// The benchmark's reference: the edge function as it is, its calls of the REST layer answered from a pool of PostgreSQL
// connections. The product does not do this: the function would need a database password, and connections of its own
// when hosted.

import postgres from "npm:postgres@3.4.9";
import { emit, receive } from "../stack/channel.ts";

const REST = "http://rest.invalid";

type Arguments = { messages: postgres.JSONValue; device_key_sha256: string | null; batch: boolean };

const { config, ended } = await receive<{ databaseUrl: string; functionUrl: string }>();
const sql = postgres(config.databaseUrl, { connection: { role: "service_role" }, onnotice: () => {} });

globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  if (request.url !== `${REST}/rest/v1/rpc/ingest`) throw new TypeError(`nothing answers at ${request.url}`);
  const { messages, device_key_sha256, batch } = await request.json() as Arguments;
  const [row] = await sql`select public.ingest(${sql.json(messages)}, ${device_key_sha256}, ${batch}) as answer`;
  return Response.json(row.answer);
};
Deno.env.set("SUPABASE_URL", REST);
Deno.env.set("SUPABASE_SECRET_KEYS", JSON.stringify({ default: "sb_secret_unused" }));
const { default: ingest } = await import(config.functionUrl);
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ingest.fetch);
emit({ event: "ready", url: `http://127.0.0.1:${server.addr.port}`, applied: [] });
await ended;
Deno.exit(0);

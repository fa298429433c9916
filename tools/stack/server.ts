// The local stack's one process: REST and auth by @supabase/lite, the unmodified edge function, the built portal.
// Everything answers on one loopback port. Started and watched by tools/stack/__init__.py.

import { emit, fail, KnownError, receive } from "./channel.ts";
import type { App } from "@supabase/lite";
import { connect, createApp, type DatabaseConfig, prepare } from "./database.ts";
import { servePortal } from "./portal.ts";

type Config = DatabaseConfig & {
  port: number;
  /** Folder of the built portal, or null where none is served. */
  portalFolder: string | null;
  /** Address of the edge function's module. */
  functionUrl: string;
  /** What a hosted project gives its functions as secrets. */
  functionSecrets: Record<string, string>;
  /** The database server to stop when the parent is gone, or null where it is somebody else's. */
  postgresPid: number | null;
};

type EdgeFunction = { fetch: (request: Request) => Promise<Response> };
type Backend = { app: App; ingest: EdgeFunction };

// PostgREST's own limit is the memory; nothing that the portal sends comes near this.
const MAX_BODY_BYTES = 2 * 1024 * 1024;
const SHUTDOWN_MS = 3_000;

const { config, ended } = await receive<Config>();

// A client that goes away in the middle of a request may reject promises that nobody awaits any more.
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  console.error("unhandled:", event.reason);
});

const backend = Promise.withResolvers<Backend>();
const server = listen();
const url = `http://127.0.0.1:${server.addr.port}`;
const connection = connect(config.databaseUrl);

void ended.then(stop);
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);

try {
  const app = createApp(connection, config, url, { send: (mail) => Promise.resolve(emit({ event: "mail", mail })) });
  const applied = await prepare(app, connection, config.migrationsFolder);
  backend.resolve({ app, ingest: await loadFunction() });
  emit({ event: "ready", url, applied });
} catch (error) {
  fail(error);
}

function listen(): Deno.HttpServer<Deno.NetAddr> {
  const options = {
    hostname: "127.0.0.1",
    port: config.port,
    // As static hosts and Supabase do: what is measured on a slow network should be what they send.
    automaticCompression: true,
    onListen: () => {},
    onError: (error: unknown) => {
      console.error("request failed:", error);
      return problem(500, "internal", "The local stack failed; see server.log.");
    },
  };
  try {
    return Deno.serve(options, handle);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    fail(new KnownError(`Port ${config.port} is not free. Choose another one with --port.`));
  }
}

/** The function reads its environment when it is loaded, as when hosted. */
async function loadFunction(): Promise<EdgeFunction> {
  const environment = {
    SUPABASE_URL: url,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: config.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: config.secretKey }),
    ...config.functionSecrets,
  };
  for (const [name, value] of Object.entries(environment)) Deno.env.set(name, value);
  answerOwnRequestsHere();
  try {
    return (await import(config.functionUrl)).default;
  } catch (error) {
    console.error(error);
    throw new KnownError(`The function ${config.functionUrl} does not load: ${(error as Error).message}`);
  }
}

/** The function's calls of the REST layer reach it as they are, without a socket from this process to itself. */
function answerOwnRequestsHere(): void {
  const fetchElsewhere = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith(`${url}/rest/v1/`)) return await fetchElsewhere(request);
    const { app } = await backend.promise;
    return await app.fetch(request, { peerAddress: null });
  };
}

async function handle(request: Request): Promise<Response> {
  const { pathname, search, hostname } = new URL(request.url);
  const { app, ingest } = await backend.promise;
  if (pathname === "/functions/v1/ingest") {
    return await ingest.fetch(new Request(`${url}/ingest${search}`, request));
  }
  if (pathname.startsWith("/functions/v1/")) return problem(404, "NOT_FOUND", "There is no such function.");
  if (pathname.startsWith("/rest/v1/") || pathname.startsWith("/auth/v1/")) {
    if (request.method === "OPTIONS") return forOtherHosts(request, new Response(null, { status: 204 }));
    const bounded = await withinLimit(request);
    return bounded
      ? forOtherHosts(request, await brokenLimit(await app.fetch(bounded, { peerAddress: null })))
      : problem(413, "too_large", "The body is too large.");
  }
  if (pathname === "/health") return await health();
  // The portal's content security policy allows its own origin only, and config.json names this one.
  if (hostname === "localhost") return Response.redirect(`${url}${pathname}${search}`, 307);
  if (pathname === "/config.json") {
    return Response.json(
      { supabaseUrl: url, supabaseKey: config.publishableKey },
      { headers: { "cache-control": "no-store" } },
    );
  }
  return config.portalFolder
    ? await servePortal(config.portalFolder, request, pathname)
    : problem(404, "not_found", "This stack serves no portal.");
}

/** A portal on another host may read the answers, as those of a hosted project; lite allows it only in part. */
function forOtherHosts(request: Request, answer: Response): Response {
  if (!request.headers.has("origin")) return answer;
  const headers = new Headers(answer.headers);
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
  headers.set("access-control-allow-headers", request.headers.get("access-control-request-headers") ?? "");
  headers.set("access-control-expose-headers", "content-range");
  return new Response(answer.body, { status: answer.status, headers });
}

/** A broken CHECK is 400 with PostgreSQL's own code and words, as PostgREST has it; lite takes it for a fault of its own. */
async function brokenLimit(answer: Response): Promise<Response> {
  if (answer.status !== 500) return answer;
  const { message } = await answer.clone().json();
  const [, said] = /^PostgresError: (new row for relation "\w+" violates check constraint "\w+")$/.exec(message) ?? [];
  return said ? problem(400, "23514", said) : answer;
}

/** The request with its body read, or null when that is larger than the limit. */
async function withinLimit(request: Request): Promise<Request | null> {
  if (!request.body) return request;
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) return null;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return new Request(request.url, { method: request.method, headers: request.headers, body: new Blob(chunks) });
}

async function health(): Promise<Response> {
  try {
    await connection.driver`select 1`;
    return Response.json({ status: "ok" });
  } catch {
    return problem(503, "database_unreachable", "The database does not answer.");
  }
}

function problem(status: number, code: string, message: string): Response {
  return Response.json({ code, message, hint: null }, { status });
}

/** Finish the requests under way, let go of the database, and take the database server along. */
async function stop(): Promise<void> {
  const deadline = new Promise((resolve) => setTimeout(resolve, SHUTDOWN_MS));
  await Promise.race([server.shutdown().then(() => connection.driver.end({ timeout: 1 })), deadline]);
  if (config.postgresPid !== null) {
    try {
      Deno.kill(config.postgresPid, "SIGINT");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) console.error(error);
    }
  }
  Deno.exit(0);
}

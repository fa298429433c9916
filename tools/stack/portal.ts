// The built portal's files, as a static host would serve them.

import { extname, join, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";

const CONTENT_TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

// Vite puts a content hash into the name of everything below assets/: such a file never changes.
const IMMUTABLE = /^\/assets\/.+-[\w-]{8}\.\w+$/;

const COMPRESSED = new Set([".css", ".html", ".js", ".json", ".map", ".svg", ".txt", ".webmanifest"]);
// What Deno itself takes for answers that are made as they are sent.
const QUALITY = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } };
const brotli = promisify(brotliCompress) as (data: Uint8Array, options: typeof QUALITY) => Promise<Uint8Array<ArrayBuffer>>;

/** Files as they go over the wire, each with its tag when it was compressed: every visit asks for the same ones. */
const packed = new Map<string, { etag: string; body: Promise<Uint8Array<ArrayBuffer>> }>();

function compressed(path: string, etag: string): Promise<Uint8Array<ArrayBuffer>> {
  const known = packed.get(path);
  if (known?.etag === etag) return known.body;
  const body = Deno.readFile(path).then((data) => brotli(data, QUALITY));
  packed.set(path, { etag, body });
  return body;
}

/** The file that a request path names below the folder, or null where it names none. */
async function find(folder: string, pathname: string): Promise<{ path: string; info: Deno.FileInfo } | null> {
  let name: string;
  try {
    name = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  const parts = name.split("/");
  if (/[\\\0]/.test(name) || parts.some((part) => part.startsWith("."))) return null;
  try {
    const path = await Deno.realPath(join(folder, name.endsWith("/") ? `${name}index.html` : name));
    if (!path.startsWith((await Deno.realPath(folder)) + sep)) return null;
    const info = await Deno.stat(path);
    return info.isFile ? { path, info } : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}

/** Answer a request for one of the portal's files: 200, 304, 404 or 405. */
export async function servePortal(folder: string, request: Request, pathname: string): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("Method not allowed\n", { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const found = await find(folder, pathname);
  const file = found ?? await find(folder, "/404.html");
  if (!file) return new Response("Not found\n", { status: 404 });
  const etag = `"${file.info.mtime?.getTime().toString(36)}-${file.info.size.toString(36)}"`;
  const headers: Record<string, string> = {
    "cache-control": IMMUTABLE.test(pathname) && found ? "public, max-age=31536000, immutable" : "no-cache",
    "content-type": CONTENT_TYPES[extname(file.path)] ?? "application/octet-stream",
    "etag": etag,
    "x-content-type-options": "nosniff",
  };
  // A compressed answer goes out with a weak tag.
  if (found && request.headers.get("if-none-match")?.replace(/^W\//, "") === etag) return new Response(null, { status: 304, headers });
  const status = found ? 200 : 404;
  if (request.method === "HEAD") return new Response(null, { status, headers });
  if (COMPRESSED.has(extname(file.path)) && /\bbr\b/.test(request.headers.get("accept-encoding") ?? "")) {
    const answer = { ...headers, "content-encoding": "br", "etag": `W/${etag}`, "vary": "Accept-Encoding" };
    return new Response(await compressed(file.path, etag), { status, headers: answer });
  }
  return new Response(await Deno.readFile(file.path), { status, headers });
}

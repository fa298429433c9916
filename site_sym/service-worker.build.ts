import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Not for the browser to keep: what a server answers itself, what is never a page, and fonts beyond the first, fetched when a name needs them. */
const LEFT_OUT = /^(config\.json|404\.html|service-worker\.js)$|\/(inter-|text-latin-more-)/;

const hashed = (algorithm: string, encoding: "base64" | "hex", data: Uint8Array | string) => createHash(algorithm).update(data).digest(encoding);

/** Writes the service worker into a finished build, with the files of that build and the hash of each, as they will be served. */
export function writeServiceWorker(folder: string): void {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).replaceAll("\\", "/"))
    .filter((name) => !LEFT_OUT.test(name))
    .sort();
  const files = JSON.stringify(Object.fromEntries(names.map((name) => [`./${name}`, `sha256-${hashed("sha256", "base64", readFileSync(join(folder, name)))}`])));
  const worker = readFileSync(join(import.meta.dirname, "src", "service-worker.js"), "utf8");
  const hash = hashed("sha256", "hex", files + worker).slice(0, 16);
  writeFileSync(join(folder, "service-worker.js"), worker.replace("BUILD_HASH", hash).replace("BUILD_FILES", files));
}

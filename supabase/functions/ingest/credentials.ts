import { Problem } from "./problem.ts";

/** Whether the request carries the project's access token. A project without the secret asks for none. */
export async function hasAccess(request: Request): Promise<boolean> {
  const token = Deno.env.get("INGEST_ACCESS_TOKEN");
  if (!token) return true;
  const [, given] = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (given === undefined) return false;
  // Hashes of equal length: the time of the comparison tells nothing about the token.
  const [right, said] = await Promise.all([
    sha256(new TextEncoder().encode(token)),
    sha256(new TextEncoder().encode(given.trim())),
  ]);
  return right === said;
}

/** SHA-256 of the device's key in hex, or null without a key. The key itself goes no further than here. */
export async function keyHash(request: Request): Promise<string | null> {
  const key = request.headers.get("x-device-key");
  if (key === null) return null;
  if (!/^[0-9a-f]{64}$/i.test(key)) {
    throw new Problem(
      401,
      "device_key_malformed",
      "The device key is malformed",
      "X-Device-Key holds 64 hexadecimal digits.",
    );
  }
  return await sha256(Uint8Array.fromHex(key));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

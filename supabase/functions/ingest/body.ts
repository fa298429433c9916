import { Problem } from "./problem.ts";

const MAX_READ_MS = 30_000;

/** The body of a JSON request as text. What is too large or too slow is not read to its end. */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const [type, ...parameters] = (request.headers.get("content-type") ?? "").toLowerCase().split(";").map((part) =>
    part.trim()
  );
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length).replaceAll(
    '"',
    "",
  );
  if (type !== "application/json" || (charset ?? "utf-8") !== "utf-8" || request.headers.has("content-encoding")) {
    throw new Problem(
      415,
      "unsupported_media_type",
      "The body is not plain JSON in UTF-8",
      "Send Content-Type: application/json, and no Content-Encoding.",
    );
  }
  const bytes = await readBytes(request, maxBytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Problem(400, "bad_json", "The body is not UTF-8", "Send JSON in UTF-8.");
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = new Problem(
    413,
    "body_too_large",
    `The body is larger than ${maxBytes} bytes`,
    "Send fewer messages at a time.",
  );
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge;
  const buffer = new Uint8Array(maxBytes);
  let length = 0;
  const reader = (request.body ?? new Blob().stream()).getReader();
  const timer = setTimeout(() => reader.cancel("too slow"), MAX_READ_MS);
  const deadline = performance.now() + MAX_READ_MS;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      if (length + chunk.value.length > maxBytes) {
        await reader.cancel("too large");
        throw tooLarge;
      }
      buffer.set(chunk.value, length);
      length += chunk.value.length;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(400, "body_cut_short", "The body ended too early", "Send it again.");
  } finally {
    clearTimeout(timer);
  }
  if (performance.now() >= deadline) {
    throw new Problem(408, "body_too_slow", "The body took too long", "Send it again.");
  }
  return buffer.subarray(0, length);
}

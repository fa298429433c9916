// The line to the Python side: one JSON configuration line comes in on stdin, JSON events go out on stdout.
// stdin stays open for as long as the parent lives, so its end means "stop", however the parent ended.

// Whatever a library prints must not be taken for an event.
console.log = console.info = console.debug = console.error;

export type Mail = { to: string; subject: string; text?: string; html?: string };

export type Event =
  | { event: "ready"; url: string; applied: string[] }
  | { event: "mail"; mail: Mail }
  | { event: "error"; message: string };

const encoder = new TextEncoder();

/** Write one event; a parent that is gone is noticed by `ended`, not here. */
export function emit(event: Event): void {
  const line = encoder.encode(JSON.stringify(event) + "\n");
  try {
    for (let sent = 0; sent < line.length;) sent += Deno.stdout.writeSync(line.subarray(sent));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Read the configuration line; `ended` resolves when the parent closes its end or dies. */
export async function receive<Config>(): Promise<{ config: Config; ended: Promise<void> }> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await lines.read();
    if (done) Deno.exit(0);
    text += value;
  }
  const drain = async () => {
    while (!(await lines.read()).done);
  };
  return { config: JSON.parse(text) as Config, ended: drain() };
}

/** A failure that its message explains completely. */
export class KnownError extends Error {}

/** Tell the parent why this process ends; where the message does not say it all, the log has the trace. */
export function fail(error: unknown): never {
  if (!(error instanceof KnownError)) console.error(error);
  emit({ event: "error", message: error instanceof KnownError ? error.message : String(error) });
  Deno.exit(1);
}

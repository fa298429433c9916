import type { Backend } from "../data/backend.ts";
import { BackendError } from "../data/remote.ts";
import type { LogEntry } from "../data/rows.ts";
import { notices } from "../ui/notices.svelte.ts";

let working = false;

/** From a row or a bar, which have no room for a problem: a notice says what became of it. A second click waits for nothing. */
export async function acceptSuggestions(backend: Backend, entries: LogEntry[], onChange: () => Promise<void>): Promise<void> {
  if (working) return;
  working = true;
  try {
    // Few visits need it. Where it cannot be fetched, nothing has been sent.
    const { acceptWithUndo } = await import("./sessionActions.ts").catch(() => {
      throw new BackendError({ kind: "unsaved", code: "offline" });
    });
    await acceptWithUndo(backend, entries, onChange);
  } catch (error) {
    notices.fail(error, () => acceptSuggestions(backend, entries, onChange));
  } finally {
    working = false;
  }
}

import { problemOf } from "../data/remote.ts";
import { problemWords } from "./problemWords.ts";

export interface Notice {
  id: number;
  text: string;
  undo: (() => Promise<void>) | null;
}

/** What can be undone is read, thought about and reached for. */
const SHOWN_MS = { plain: 8_000, undo: 20_000 };
/** Once it has been looked at or entered, and left. */
const AGAIN_MS = 6_000;

/** Short words about what was just done, with an undo where there is one. */
class Notices {
  list: Notice[] = $state.raw([]);
  #lastId = 0;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(text: string, undo: (() => Promise<void>) | null = null): void {
    const id = this.#show(text, undo);
    this.#dismissIn(id, undo === null ? SHOWN_MS.plain : SHOWN_MS.undo);
  }

  #show(text: string, undo: (() => Promise<void>) | null): number {
    const id = ++this.#lastId;
    // What can still be undone stays; of the rest only the newest is news.
    this.list = [...this.list.filter((notice) => notice.undo !== null), { id, text, undo }];
    return id;
  }

  /** While the pointer or the focus is on it, it stays. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(id: number): void {
    if (this.#timers.has(id)) this.#dismissIn(id, AGAIN_MS);
  }

  #dismissIn(id: number, milliseconds: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.dismiss(id), milliseconds));
  }

  /** Takes back what the notice is about, or says why that failed; what may not have been done can be tried again. */
  async undo(notice: Notice): Promise<void> {
    this.dismiss(notice.id);
    try {
      await notice.undo?.();
    } catch (error) {
      const problem = problemOf(error);
      // Until it is done, or no longer wanted.
      this.#show(problemWords(problem).what, problem.kind === "unsaved" ? notice.undo : null);
    }
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();

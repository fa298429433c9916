import { problemOf } from "../data/remote.ts";
import { problemWords } from "./problemWords.ts";
import { texts } from "./texts.ts";

/** What a notice offers. */
interface Offer {
  words: string;
  run: () => Promise<void>;
}

export interface Notice {
  id: number;
  text: string;
  offer: Offer | null;
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
    const id = this.#show(text, undo && { words: texts.common.undo, run: undo });
    this.#dismissIn(id, undo === null ? SHOWN_MS.plain : SHOWN_MS.undo);
  }

  /** Says why something failed that has no place of its own on the page. What may not have been done can be sent once more. */
  fail(error: unknown, again: () => Promise<void>): void {
    this.#fail(error, { words: texts.common.saveAgain, run: again });
  }

  /** Does what the notice offers, or says why that failed. */
  async take(notice: Notice): Promise<void> {
    this.dismiss(notice.id);
    try {
      await notice.offer?.run();
    } catch (error) {
      this.#fail(error, notice.offer);
    }
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  /** While the pointer or the focus is on it, it stays. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(id: number): void {
    if (this.#timers.has(id)) this.#dismissIn(id, AGAIN_MS);
  }

  /** It stays until it is done, or no longer wanted. */
  #fail(error: unknown, offer: Offer | null): void {
    const problem = problemOf(error);
    this.#show(problemWords(problem).what, problem.kind === "unsaved" ? offer : null);
  }

  #show(text: string, offer: Offer | null): number {
    const id = ++this.#lastId;
    // What is still offered stays; of the rest only the newest is news.
    this.list = [...this.list.filter((notice) => notice.offer !== null), { id, text, offer }];
    return id;
  }

  #dismissIn(id: number, milliseconds: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.dismiss(id), milliseconds));
  }
}

export const notices = new Notices();

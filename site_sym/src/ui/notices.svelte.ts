import { problemOf } from "../data/remote.ts";
import { problemWords } from "./problemWords.ts";

export interface Notice {
  id: number;
  text: string;
  undo: (() => Promise<void>) | null;
}

const SHOWN_MS = 10_000;

/** Short words about what was just done, with an undo where there is one. */
class Notices {
  list: Notice[] = $state.raw([]);
  #lastId = 0;

  say(text: string, undo: (() => Promise<void>) | null = null): void {
    const id = ++this.#lastId;
    // What can still be undone stays; of the rest only the newest is news.
    this.list = [...this.list.filter((notice) => notice.undo !== null), { id, text, undo }];
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  /** Takes back what the notice is about, or says why that failed; what may not have been done can be tried again. */
  async undo(notice: Notice): Promise<void> {
    this.dismiss(notice.id);
    try {
      await notice.undo?.();
    } catch (error) {
      const problem = problemOf(error);
      this.say(problemWords(problem).what, problem.kind === "unsaved" ? notice.undo : null);
    }
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();

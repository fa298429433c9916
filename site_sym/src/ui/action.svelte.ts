import { type Problem, problemOf } from "../data/remote.ts";

/** What one tap does, outside a form: one at a time, and what failed can be tried again as it was. */
export class Action {
  problem: Problem | null = $state.raw(null);
  working = $state(false);
  #last: (() => Promise<void>) | null = null;

  /** @param what may be run again: a second time it changes nothing that the first one did */
  async run(what: () => Promise<void>): Promise<void> {
    if (this.working) return;
    // The words about a try stay while it is tried again.
    if (what !== this.#last) this.problem = null;
    [this.#last, this.working] = [what, true];
    try {
      await what();
      this.problem = null;
    } catch (error) {
      this.problem = problemOf(error);
    } finally {
      this.working = false;
    }
  }

  again(): void {
    if (this.#last !== null) void this.run(this.#last);
  }

  /** What failed is of no interest any more. */
  forget(): void {
    this.problem = null;
  }
}

import { untrack } from "svelte";

import { keep, recall } from "./lastKnown.ts";
import { type Problem, problemOf, type Remote } from "./remote.ts";

interface Options<T> {
  everySeconds: number;
  isEmpty: (data: T) => boolean;
  onChange?: (data: T) => void;
  /** The name under which the browser keeps it for times without a network. */
  keepAs?: string;
}

const RETRY_SECONDS = 10;
const MAX_BACKOFF_SECONDS = 120;

/**
 * Data that keeps itself fresh while somebody watches it: asked for at once, then every few seconds, not while the tab
 * is hidden, and less and less often while the answer is an error.
 */
export class Live<T> {
  remote: Remote<T> = $state.raw({ state: "loading" });
  /** When what is shown was read, where it comes from an earlier visit and the server has not answered since. */
  keptAt: string | null = $state(null);
  #load: () => Promise<T>;
  #options: Options<T>;
  #watchers = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #again: Promise<void> | undefined;
  #failures = 0;
  #known = "";

  constructor(load: () => Promise<T>, options: Options<T>) {
    this.#load = load;
    this.#options = options;
  }

  /** The data, once there is any. */
  get data(): T | undefined {
    return this.remote.state === "data" ? this.remote.data : undefined;
  }

  get isWatched(): boolean {
    return this.#watchers > 0;
  }

  /** Keeps it fresh until the returned function is called: made for `$effect(() => live.watch())`. */
  watch(): () => void {
    this.#watchers += 1;
    if (this.#watchers === 1) {
      document.addEventListener("visibilitychange", this.#onVisibility);
      addEventListener("online", this.#onVisibility);
      // What is read while asking must not restart the effect: it would ask again at every answer.
      if (!document.hidden) untrack(() => void this.refresh());
    }
    return () => {
      this.#watchers -= 1;
      if (this.#watchers > 0) return;
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", this.#onVisibility);
      removeEventListener("online", this.#onVisibility);
    };
  }

  /** Asks now. While an answer is awaited: once more after it, because that answer may not know what was just changed. */
  refresh(): Promise<void> {
    if (this.#running) {
      this.#again ??= this.#running.then(() => {
        this.#again = undefined;
        return this.refresh();
      });
      return this.#again;
    }
    clearTimeout(this.#timer);
    this.#running = this.#ask().finally(() => {
      this.#running = undefined;
      if (!this.#again) this.#schedule();
    });
    return this.#running;
  }

  #onVisibility = (): void => {
    clearTimeout(this.#timer);
    if (!document.hidden) void this.refresh();
  };

  async #ask(): Promise<void> {
    try {
      const data = await this.#load();
      this.#failures = 0;
      const known = JSON.stringify(data);
      const changed = known !== this.#known;
      this.#known = known;
      this.keptAt = null;
      if (this.#options.keepAs) keep(this.#options.keepAs, known);
      if (changed || this.remote.state === "loading" || this.remote.state === "error" || this.remote.problem) {
        this.remote = this.#options.isEmpty(data) ? { state: "empty", problem: null } : { state: "data", data, problem: null };
      }
      if (changed) this.#options.onChange?.(data);
    } catch (error) {
      this.#failures += 1;
      const problem = problemOf(error);
      this.remote =
        this.remote.state === "data" || this.remote.state === "empty" ? { ...this.remote, problem } : this.#recalled(problem);
    }
  }

  /** What an earlier visit read, if the server cannot be asked now. */
  #recalled(problem: Problem): Remote<T> {
    const mayRecall = this.#options.keepAs && (problem.kind === "unreachable" || problem.kind === "fault");
    const kept = mayRecall ? recall<T>(this.#options.keepAs ?? "") : null;
    if (!kept) return { state: "error", problem };
    this.keptAt = kept.at;
    return this.#options.isEmpty(kept.data) ? { state: "empty", problem } : { state: "data", data: kept.data, problem };
  }

  #schedule(): void {
    if (this.#watchers === 0 || document.hidden) return;
    const { everySeconds } = this.#options;
    // What is asked for rarely is not left broken as long: a failure is tried again soon.
    const seconds =
      this.#failures === 0 ? everySeconds : Math.min(Math.min(everySeconds, RETRY_SECONDS) * 2 ** this.#failures, MAX_BACKOFF_SECONDS);
    this.#timer = setTimeout(() => void this.refresh(), seconds * 1000);
  }
}

import { type EntryCursor, type EntryPage, type LogEntry, NEWEST_FIRST, type SessionSort } from "../data/rows.ts";
import { type Problem, problemOf } from "../data/remote.ts";

export type ListState =
  | { state: "loading" }
  | { state: "error"; problem: Problem }
  | { state: "data"; entries: LogEntry[]; next: EntryCursor | null; more: "idle" | "loading"; problem: Problem | null };

type ReadPage = (cursor: EntryCursor | null) => Promise<EntryPage>;

/** The log, read page by page and never cut. */
export class SessionList {
  current: ListState = $state.raw({ state: "loading" });
  #read: ReadPage;
  #sort: SessionSort;
  /** What is being read: one after the other, so that no answer undoes what another one brought. */
  #reading: Promise<void> = Promise.resolve();

  /** @param known the rows that Back returns to: shown at once, and read again, as many as there were */
  constructor(read: ReadPage, sort: SessionSort = NEWEST_FIRST, known?: ListState) {
    this.#read = read;
    this.#sort = sort;
    if (known?.state === "data") this.current = { ...known, more: "idle", problem: null };
    void (known?.state === "data" ? this.reread() : this.reload());
  }

  #inTurn(read: () => Promise<void>): Promise<void> {
    return (this.#reading = this.#reading.then(read));
  }

  /** The first page again. Pages read further down stay, and what is new or changed takes its place among them. */
  reload(): Promise<void> {
    // What is new may stand anywhere in a list that is sorted otherwise.
    return this.#sort.by === "start" && this.#sort.descending ? this.#inTurn(() => this.#readFirst()) : this.reread();
  }

  /** As many rows as are shown, again: after a change that may have moved or removed one of them. */
  reread(): Promise<void> {
    return this.#inTurn(() => this.#readShown());
  }

  /** The next page. It is said at once that it is on its way. */
  async readOlder(): Promise<void> {
    const before = this.current;
    if (before.state !== "data" || before.next === null || before.more === "loading") return;
    this.current = { ...before, more: "loading" };
    await this.#inTurn(() => this.#readNext());
  }

  async #readFirst(): Promise<void> {
    try {
      const { entries, next } = await this.#read(null);
      const known = this.current.state === "data" ? this.current : null;
      const last = entries.at(-1);
      const older = known && next && last ? known.entries.filter((entry) => isAfter(entry, last)) : [];
      const keepsOlder = known !== null && older.length > 0;
      this.current = {
        state: "data",
        entries: [...entries, ...older],
        next: keepsOlder ? known.next : next,
        more: known?.more ?? "idle",
        problem: null,
      };
    } catch (error) {
      const problem = problemOf(error);
      this.current = this.current.state === "data" ? { ...this.current, problem } : { state: "error", problem };
    }
  }

  async #readShown(): Promise<void> {
    const shown = this.current.state === "data" ? this.current.entries.length : 0;
    try {
      let { entries, next } = await this.#read(null);
      while (next !== null && entries.length < shown) {
        const page = await this.#read(next);
        entries = [...entries, ...page.entries];
        next = page.next;
      }
      const more = this.current.state === "data" ? this.current.more : "idle";
      this.current = { state: "data", entries, next, more, problem: null };
    } catch (error) {
      const problem = problemOf(error);
      this.current = this.current.state === "data" ? { ...this.current, problem } : { state: "error", problem };
    }
  }

  async #readNext(): Promise<void> {
    if (this.current.state !== "data") return;
    const { next } = this.current;
    if (next === null) {
      this.current = { ...this.current, more: "idle" };
      return;
    }
    try {
      const page = await this.#read(next);
      if (this.current.state !== "data") return;
      const known = new Set(this.current.entries.map(({ entry_id }) => entry_id));
      const entries = [...this.current.entries, ...page.entries.filter(({ entry_id }) => !known.has(entry_id))];
      this.current = { state: "data", entries, next: page.next, more: "idle", problem: null };
    } catch (error) {
      const problem = problemOf(error);
      if (this.current.state === "data") this.current = { ...this.current, more: "idle", problem };
    }
  }
}

/** Whether `entry` comes after `other` in the list: it began earlier. */
function isAfter(entry: LogEntry, other: LogEntry): boolean {
  const difference = Date.parse(entry.effective_start) - Date.parse(other.effective_start);
  return difference === 0 ? entry.entry_id < other.entry_id : difference < 0;
}

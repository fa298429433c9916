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

  /** @param known the rows that Back returns to: shown at once, and read again, as many as there were */
  constructor(read: ReadPage, sort: SessionSort = NEWEST_FIRST, known?: ListState) {
    this.#read = read;
    this.#sort = sort;
    if (known?.state === "data") this.current = { ...known, more: "idle", problem: null };
    void (known?.state === "data" ? this.reread() : this.reload());
  }

  /** The first page again. Pages read further down stay, and what is new or changed takes its place among them. */
  async reload(): Promise<void> {
    // What is new may stand anywhere in a list that is sorted otherwise.
    if (this.#sort.by !== "start" || !this.#sort.descending) return await this.reread();
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

  /** As many rows as are shown, again: after a change that may have moved or removed one of them. */
  async reread(): Promise<void> {
    const shown = this.current.state === "data" ? this.current.entries.length : 0;
    try {
      let { entries, next } = await this.#read(null);
      while (next !== null && entries.length < shown) {
        const page = await this.#read(next);
        entries = [...entries, ...page.entries];
        next = page.next;
      }
      this.current = { state: "data", entries, next, more: "idle", problem: null };
    } catch (error) {
      const problem = problemOf(error);
      this.current = this.current.state === "data" ? { ...this.current, problem } : { state: "error", problem };
    }
  }

  async readOlder(): Promise<void> {
    const before = this.current;
    if (before.state !== "data" || before.next === null || before.more === "loading") return;
    this.current = { ...before, more: "loading" };
    try {
      const page = await this.#read(before.next);
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

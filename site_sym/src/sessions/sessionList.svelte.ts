import { NEWEST_FIRST, type Session, type SessionCursor, type SessionPage, type SessionSort } from "../data/rows.ts";
import { type Problem, problemOf } from "../data/remote.ts";

export type ListState =
  | { state: "loading" }
  | { state: "error"; problem: Problem }
  | { state: "data"; sessions: Session[]; next: SessionCursor | null; more: "idle" | "loading"; problem: Problem | null };

type ReadPage = (cursor: SessionCursor | null) => Promise<SessionPage>;

/** A list of sessions, read page by page and never cut. */
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
      const { sessions, next } = await this.#read(null);
      const known = this.current.state === "data" ? this.current : null;
      const last = sessions.at(-1);
      const older = known && next && last ? known.sessions.filter((session) => isAfter(session, last)) : [];
      const keepsOlder = known !== null && older.length > 0;
      this.current = {
        state: "data",
        sessions: [...sessions, ...older],
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
    const shown = this.current.state === "data" ? this.current.sessions.length : 0;
    try {
      let { sessions, next } = await this.#read(null);
      while (next !== null && sessions.length < shown) {
        const page = await this.#read(next);
        sessions = [...sessions, ...page.sessions];
        next = page.next;
      }
      this.current = { state: "data", sessions, next, more: "idle", problem: null };
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
      const known = new Set(this.current.sessions.map(({ session_id }) => session_id));
      const sessions = [...this.current.sessions, ...page.sessions.filter(({ session_id }) => !known.has(session_id))];
      this.current = { state: "data", sessions, next: page.next, more: "idle", problem: null };
    } catch (error) {
      const problem = problemOf(error);
      if (this.current.state === "data") this.current = { ...this.current, more: "idle", problem };
    }
  }
}

/** Whether `session` comes after `other` in the list: it began earlier. */
function isAfter(session: Session, other: Session): boolean {
  const difference = Date.parse(session.effective_start) - Date.parse(other.effective_start);
  return difference === 0 ? session.session_id < other.session_id : difference < 0;
}

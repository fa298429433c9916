import type { Totals } from "../data/rows.ts";

/** What all entries of a list come to, also those that are not read yet. The list does not wait for it. */
export class LogTotals {
  /** null: not known, or not any more. */
  current: Totals | null = $state.raw(null);
  isLoading = $state(true);
  #read: () => Promise<Totals>;
  #asked = 0;

  /** @param known those that Back returns to: shown at once, and read again */
  constructor(read: () => Promise<Totals>, known: Totals | null = null) {
    this.#read = read;
    this.current = known;
    void this.reload();
  }

  async reload(): Promise<void> {
    const asked = (this.#asked += 1);
    let totals: Totals | null = null;
    try {
      totals = await this.#read();
    } catch {
      // A figure that may be wrong by now is none; the list itself says what is the matter.
    }
    // An answer that another one overtook is older.
    if (asked !== this.#asked) return;
    this.current = totals;
    this.isLoading = false;
  }
}

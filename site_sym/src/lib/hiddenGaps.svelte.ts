/** Missing power-ups that somebody has called nothing, in this browser: the database has no place for that. */

const STORAGE_KEY = "hidden-boot-gaps";

function read(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((key) => typeof key === "string") : [];
  } catch {
    return [];
  }
}

class HiddenGaps {
  #keys = $state.raw(read());

  has(key: string): boolean {
    return this.#keys.includes(key);
  }

  hide(key: string): void {
    this.#keep([...this.#keys, key]);
  }

  show(key: string): void {
    this.#keep(this.#keys.filter((hidden) => hidden !== key));
  }

  #keep(keys: string[]): void {
    this.#keys = keys;
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(keys));
    } catch {
      // Storage is blocked: they stay hidden until the page is closed.
    }
  }
}

export const hiddenGaps = new HiddenGaps();

/** What the pages read last, kept in the browser so that it can be looked at without a network. Gone at sign-out. */

import { clock } from "./clock.svelte.ts";

const PREFIX = "last-known:";

export interface Kept<T> {
  /** When it was read. */
  at: string;
  data: T;
}

/** @param json the data, already written as JSON */
export function keep(name: string, json: string): void {
  try {
    localStorage.setItem(PREFIX + name, `{"at":"${clock.read().toISOString()}","data":${json}}`);
  } catch {
    // Storage is blocked or full: without a network the page will say that it knows nothing.
  }
}

export function recall<T>(name: string): Kept<T> | null {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? "null") as Kept<T> | null;
  } catch {
    return null;
  }
}

export function forgetAll(): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  } catch {
    // Blocked storage holds nothing.
  }
}

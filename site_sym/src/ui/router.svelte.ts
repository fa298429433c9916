import { createSubscriber } from "svelte/reactivity";

import { parseRoute, type Route } from "./routes.ts";

/** What the browser keeps with an entry of its history. */
interface EntryState {
  entry?: string;
  /** The dialogs open in it, the one on top last. */
  dialog?: number[];
}

/** What is remembered of an entry for when Back leads to it again. */
interface Entry {
  scroll: number;
  kept: Map<string, unknown>;
}

class Router {
  #entries = new Map<string, Entry>();
  #entry = "";
  #stepping: Promise<void> | null = null;
  #subscribe = createSubscriber((update) => {
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  });

  constructor() {
    // The browser restores the scroll before the page is drawn, which is too early here.
    history.scrollRestoration = "manual";
    this.#arrive();
    // Dialogs of a page that was reloaded are closed.
    if (this.openDialogs.length > 0) this.stepBack(this.openDialogs.length);
    // A link in a dialog or a menu leads on from the page below: Back is to lead there, and in one step.
    addEventListener("click", (event) => {
      const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#/"]') : null;
      if (link === null || !this.isPlain(event) || this.openDialogs.length === 0) return;
      event.preventDefault();
      this.go(link.hash);
    });
    addEventListener("popstate", () => {
      // The page that is left is still on the screen.
      this.#at().scroll = scrollY;
      this.#arrive();
    });
  }

  /** The hash as it stands in the address bar, with its "#". */
  get hash(): string {
    this.#subscribe();
    return location.hash;
  }

  get route(): Route {
    return parseRoute(this.hash);
  }

  get openDialogs(): number[] {
    return this.#state.dialog ?? [];
  }

  /** The page's own in the history, whatever dialogs are open over it. */
  get entry(): string {
    return this.#entry;
  }

  /** How far the page was scrolled when this entry of the history was left; 0 on a new one. */
  get scroll(): number {
    return this.#at().scroll;
  }

  /** What was kept under the name with this entry of the history; undefined on a new one. */
  kept<T>(name: string): T | undefined {
    return this.#at().kept.get(name) as T | undefined;
  }

  keep(name: string, value: unknown): void {
    this.#at().kept.set(name, value);
  }

  go(link: string): void {
    this.settled(() => {
      if (this.openDialogs.length > 0) location.replace(link);
      else location.hash = link;
    });
  }

  /** Changes the address without a new entry in the history: for filters, and for pages that should not be returned to. */
  replace(link: string): void {
    this.settled(() => {
      history.replaceState(history.state, "", link);
      dispatchEvent(new HashChangeEvent("hashchange"));
    });
  }

  /** Whether a click on a link leads to its page here, and not to a new tab. */
  isPlain(event: MouseEvent): boolean {
    return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey && !event.defaultPrevented;
  }

  /** Leaves the entries of dialogs that were closed. The browser does that later: what comes next waits for it. */
  stepBack(steps = 1): void {
    const arrived = new Promise<void>((resolve) => addEventListener("popstate", () => resolve(), { once: true }));
    this.#stepping = arrived;
    history.go(-steps);
    void arrived.then(() => {
      if (this.#stepping === arrived) this.#stepping = null;
    });
  }

  /** Runs what changes the history once that has settled: at once, if no step back is under way. */
  settled(run: () => void): void {
    if (this.#stepping === null) run();
    else void this.#stepping.then(() => this.settled(run));
  }

  get #state(): EntryState {
    return (history.state ?? {}) as EntryState;
  }

  #at(): Entry {
    const known = this.#entries.get(this.#entry) ?? { scroll: 0, kept: new Map() };
    this.#entries.set(this.#entry, known);
    return known;
  }

  #arrive(): void {
    const { entry = crypto.getRandomValues(new Uint32Array(2)).join("-") } = this.#state;
    history.replaceState({ ...history.state, entry }, "");
    this.#entry = entry;
  }
}

export const router = new Router();

import { createSubscriber } from "svelte/reactivity";

import { parseRoute, type Route } from "./routes.ts";

class Router {
  #subscribe = createSubscriber((update) => {
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  });

  /** The hash as it stands in the address bar, with its "#". */
  get hash(): string {
    this.#subscribe();
    return location.hash;
  }

  get route(): Route {
    return parseRoute(this.hash);
  }

  go(link: string): void {
    location.hash = link;
  }

  /** Changes the address without a new entry in the history: for filters, and for pages that should not be returned to. */
  replace(link: string): void {
    history.replaceState(null, "", link);
    dispatchEvent(new HashChangeEvent("hashchange"));
  }
}

export const router = new Router();

import { createSubscriber } from "svelte/reactivity";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

/** The time of day, ticking every second for those who read it and only while the page is visible. */
class Clock {
  #subscribe = createSubscriber((update) => {
    let timer: ReturnType<typeof setInterval> | undefined;
    const run = () => {
      clearInterval(timer);
      timer = document.hidden ? undefined : setInterval(update, SECOND_MS);
      update();
    };
    document.addEventListener("visibilitychange", run);
    timer = setInterval(update, SECOND_MS);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", run);
    };
  });

  #minutes = $derived(Math.floor(this.now.getTime() / MINUTE_MS));

  get now(): Date {
    this.#subscribe();
    return new Date();
  }

  /** The begin of the present minute: for words like "today", so that long lists are not looked at every second. */
  get minute(): Date {
    return new Date(this.#minutes * MINUTE_MS);
  }
}

export const clock = new Clock();

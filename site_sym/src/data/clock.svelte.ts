import { createSubscriber } from "svelte/reactivity";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

/** Less than this is no reason to move the hands: the road to the server is not that regular. */
const TOLERANCE_MS = 1000;

/**
 * The time of day as the server has it, ticking every second for those who read it and only while the page is visible.
 * This device's own clock may be hours off, and the database judges states by its own.
 */
class Clock {
  /** What the server's clock is ahead of this device's; 0 until the server has said its time. */
  #ahead = $state(0);
  /** This device's time at the last tick, which is the same moment for every figure on the page; null while nobody reads the clock. */
  #ticked: number | null = null;
  #subscribe = createSubscriber((update) => {
    let timer: ReturnType<typeof setInterval> | undefined;
    const tick = () => {
      this.#ticked = Date.now();
      update();
    };
    const run = () => {
      clearInterval(timer);
      timer = document.hidden ? undefined : setInterval(tick, SECOND_MS);
      tick();
    };
    document.addEventListener("visibilitychange", run);
    this.#ticked = Date.now();
    timer = setInterval(tick, SECOND_MS);
    return () => {
      this.#ticked = null;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", run);
    };
  });

  #minutes = $derived(Math.floor(this.now.getTime() / MINUTE_MS));

  get now(): Date {
    this.#subscribe();
    return new Date((this.#ticked ?? Date.now()) + this.#ahead);
  }

  /** The same without ticking, for what is worked out once. */
  read(): Date {
    return new Date(Date.now() + this.#ahead);
  }

  /** @param asked, answered this device's own time (`Date.now()`) around the request that the server answered with its time */
  calibrate(serverTime: string, asked: number, answered: number): void {
    const ahead = Date.parse(serverTime) - (asked + answered) / 2;
    const uncertain = (answered - asked) / 2 + TOLERANCE_MS;
    if (Math.abs(ahead - this.#ahead) > uncertain) this.#ahead = ahead;
  }

  /** The begin of the present minute: for words like "today", so that long lists are not looked at every second. */
  get minute(): Date {
    return new Date(this.#minutes * MINUTE_MS);
  }

  /**
   * Whether an instant lies ahead of the present minute: what a field says to the minute was the present when it was
   * opened, also where the clock ticks late or was moved back since.
   */
  isAhead(instant: number): boolean {
    return instant > this.minute.getTime() + MINUTE_MS;
  }
}

export const clock = new Clock();

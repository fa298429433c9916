import type { FleetOverview, OverviewParts } from "./rows.ts";

/** Makes one request of what several panels ask for at the same moment. */
export class OverviewReader {
  #ask: (parts: OverviewParts) => Promise<FleetOverview>;
  #wanted: OverviewParts = {};
  #answer: Promise<FleetOverview> | undefined;

  constructor(ask: (parts: OverviewParts) => Promise<FleetOverview>) {
    this.#ask = ask;
  }

  /** The answer has these parts, and perhaps others. */
  read(parts: OverviewParts): Promise<FleetOverview> {
    Object.assign(this.#wanted, parts);
    this.#answer ??= Promise.resolve().then(() => {
      const wanted = this.#wanted;
      this.#wanted = {};
      this.#answer = undefined;
      return this.#ask(wanted);
    });
    return this.#answer;
  }
}

import type { Backend } from "./backend.ts";
import { timeZoneName } from "./format/times.ts";
import { Live } from "./live.svelte.ts";
import type { Device, FleetOverview, Membership, MonthHours, Plane, Session } from "./model.ts";
import { OverviewReader } from "./overviewReader.ts";
import { preferences } from "./preferences.svelte.ts";
import { isOpen, reviewItem, type ReviewItem } from "./review.ts";

/** A board reports once a minute; the page should not add much to that. */
const DEVICES_EVERY_SECONDS = 10;
const PLANES_EVERY_SECONDS = 60;
const REVIEW_EVERY_SECONDS = 300;
const LATEST_SESSIONS = 6;
export const MONTHS_SHOWN = 12;

/** Devices and the planes that they hang in, read so that a running session's seconds agree in both. */
export type Overview = Pick<FleetOverview, "devices" | "planes">;

/** One fleet as the pages share it. Whatever changes a device's row is a reason to look at the rest at once. */
export class Fleet {
  readonly membership: Membership;
  readonly backend: Backend;
  readonly overview: Live<Overview>;
  readonly months: Live<MonthHours[]>;
  readonly latest: Live<Session[]>;
  readonly review: Live<ReviewItem[]>;
  #reader: OverviewReader;
  #planesReadAt = -Infinity;
  #planesWanted = false;
  #arrived = false;

  constructor(backend: Backend, membership: Membership) {
    const { fleetId } = membership;
    const isEmpty = (rows: unknown[]) => rows.length === 0;
    this.backend = backend;
    this.membership = membership;
    this.#reader = new OverviewReader((parts) => backend.overview(fleetId, timeZoneName(preferences.zone), parts));
    this.overview = new Live(() => this.#readOverview(), {
      everySeconds: DEVICES_EVERY_SECONDS,
      isEmpty: () => false,
      keepAs: `overview:${fleetId}`,
      onChange: () => this.#followOverview(),
    });
    this.months = new Live(async () => (await this.#reader.read({ months: MONTHS_SHOWN })).months, {
      everySeconds: PLANES_EVERY_SECONDS,
      isEmpty,
      keepAs: `months:${fleetId}`,
    });
    this.latest = new Live(async () => (await this.#reader.read({ latestSessions: LATEST_SESSIONS })).sessions, {
      everySeconds: PLANES_EVERY_SECONDS,
      isEmpty,
      keepAs: `latest:${fleetId}`,
    });
    this.review = new Live(() => this.#readReview(), { everySeconds: REVIEW_EVERY_SECONDS, isEmpty });
  }

  /** How many things wait for somebody to look at them. */
  get toReview(): number {
    return this.review.data?.filter(isOpen).length ?? 0;
  }

  /** Owners and editors change things; a viewer gets no control that would fail. */
  get mayEdit(): boolean {
    return this.membership.role !== "viewer";
  }

  get isOwner(): boolean {
    return this.membership.role === "owner";
  }

  plane(id: string | null): Plane | undefined {
    return this.overview.data?.planes.find((plane) => plane.id === id);
  }

  device(uuid: string | null): Device | undefined {
    return this.overview.data?.devices.find((device) => device.uuid === uuid);
  }

  /** After a change by hand, or of the time zone: everything on the page is asked for again. */
  async refresh(): Promise<void> {
    this.#planesWanted = true;
    const watched = [this.months, this.latest].filter((live) => live.isWatched);
    await Promise.all([this.overview.refresh(), ...watched.map((live) => live.refresh())]);
  }

  async #readReview(): Promise<ReviewItem[]> {
    const { fleetId } = this.membership;
    const [{ sessions, recorded }, gaps] = await Promise.all([this.backend.sessionsToReview(fleetId), this.backend.bootGaps(fleetId)]);
    return [
      ...sessions.map((session) => reviewItem(session, recorded.find(({ id }) => id === session.duplicateOf) ?? null)),
      ...gaps.map((one): ReviewItem => ({ kind: "boots", ...one })),
    ];
  }

  async #readOverview(): Promise<Overview> {
    const known = this.overview.data;
    if (known && !this.#planesWanted && performance.now() - this.#planesReadAt <= PLANES_EVERY_SECONDS * 1000) {
      const { devices } = await this.#reader.read({});
      if (JSON.stringify(devices) === JSON.stringify(known.devices)) return known;
    }
    this.#planesWanted = false;
    const { devices, planes } = await this.#reader.read({ planes: true });
    this.#planesReadAt = performance.now();
    return { devices, planes };
  }

  #followOverview(): void {
    // The first answer tells nothing new: the others are being asked at the same time.
    if (this.#arrived) {
      for (const live of [this.months, this.latest]) if (live.isWatched) void live.refresh();
    }
    this.#arrived = true;
  }
}

import type { Backend } from "../data/backend.ts";
import { Live } from "../data/live.svelte.ts";
import type { Device, DueItem, FleetOverview, LogEntry, Membership, MonthHours, Plane } from "../data/rows.ts";
import { OverviewReader } from "../data/overviewReader.ts";
import { timeZoneName } from "../format/times.ts";
import { isOpen, reviewItem, type ReviewItem } from "../sessions/review.ts";
import { preferences } from "../ui/preferences.svelte.ts";

/** A board reports once a minute; the page should not add much to that. */
const DEVICES_EVERY_SECONDS = 10;
const PLANES_EVERY_SECONDS = 60;
const REVIEW_EVERY_SECONDS = 300;
const LATEST_SESSIONS = 6;
export const MONTHS_SHOWN = 12;

/** Devices, the planes they are installed in, read so that a running session's seconds agree in both, and what is due next on these. */
export type Overview = Pick<FleetOverview, "devices" | "planes" | "due">;

/** One fleet as the pages share it. Whatever changes a device's row is a reason to look at the rest at once. */
export class Fleet {
  readonly membership: Membership;
  /** What to call it where the person's other fleets might be meant. */
  readonly calledName: string;
  readonly backend: Backend;
  readonly overview: Live<Overview>;
  readonly months: Live<MonthHours[]>;
  readonly latest: Live<LogEntry[]>;
  readonly review: Live<ReviewItem[]>;
  #reader: OverviewReader;
  #planesReadAt = -Infinity;
  #planesWanted = false;
  #arrived = false;

  constructor(backend: Backend, membership: Membership, calledName: string) {
    const { fleet_id } = membership;
    const isEmpty = (rows: unknown[]) => rows.length === 0;
    this.backend = backend;
    this.membership = membership;
    this.calledName = calledName;
    this.#reader = new OverviewReader((parts) => backend.fleets.overview(fleet_id, timeZoneName(preferences.zone), parts));
    this.overview = new Live(() => this.#readOverview(), {
      everySeconds: DEVICES_EVERY_SECONDS,
      isEmpty: () => false,
      keepAs: `overview:${fleet_id}`,
      onChange: () => this.#followOverview(),
    });
    this.months = new Live(async () => (await this.#reader.read({ months: MONTHS_SHOWN })).months, {
      everySeconds: PLANES_EVERY_SECONDS,
      isEmpty,
      keepAs: `months:${fleet_id}`,
    });
    this.latest = new Live(async () => (await this.#reader.read({ latestSessions: LATEST_SESSIONS })).sessions, {
      everySeconds: PLANES_EVERY_SECONDS,
      isEmpty,
      keepAs: `latest:${fleet_id}`,
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

  /** Whether any board senses the bus voltage: where none does, nothing is said of engine time. */
  get senses(): boolean {
    return this.overview.data?.planes.some(({ engine_seconds }) => engine_seconds !== null) ?? false;
  }

  plane(id: string | null): Plane | undefined {
    return this.overview.data?.planes.find((plane) => plane.plane_id === id);
  }

  /** What is due next on a plane; undefined where nothing is set up. */
  due(planeId: string): DueItem | undefined {
    return this.overview.data?.due.find(({ plane_id }) => plane_id === planeId);
  }

  /** Whether any plane has a maintenance item: where none has, cards say nothing of it. */
  get maintains(): boolean {
    return (this.overview.data?.due.length ?? 0) > 0;
  }

  device(uuid: string | null): Device | undefined {
    return this.overview.data?.devices.find((device) => device.device_uuid === uuid);
  }

  /** After a change by hand, or of the time zone: everything on the page is asked for again. */
  async refresh(): Promise<void> {
    this.#planesWanted = true;
    const watched = [this.months, this.latest, this.review].filter((live) => live.isWatched);
    await Promise.all([this.overview.refresh(), ...watched.map((live) => live.refresh())]);
  }

  async #readReview(): Promise<ReviewItem[]> {
    const { fleet_id } = this.membership;
    const [{ sessions, recorded }, gaps] = await Promise.all([this.backend.sessions.toReview(fleet_id), this.backend.devices.bootGaps(fleet_id)]);
    return [
      ...sessions.map((session) => reviewItem(session, recorded.find(({ session_id }) => session_id === session.possible_duplicate_of) ?? null)),
      ...gaps.map((gap): ReviewItem => ({ kind: "boots", gap })),
    ];
  }

  async #readOverview(): Promise<Overview> {
    const known = this.overview.data;
    if (known && !this.#planesWanted && performance.now() - this.#planesReadAt <= PLANES_EVERY_SECONDS * 1000) {
      const { devices } = await this.#reader.read({});
      if (JSON.stringify(devices) === JSON.stringify(known.devices)) return known;
    }
    this.#planesWanted = false;
    const { devices, planes, due } = await this.#reader.read({ planes: true });
    this.#planesReadAt = performance.now();
    return { devices, planes, due };
  }

  #followOverview(): void {
    // The first answer tells nothing new: the others are being asked at the same time.
    if (this.#arrived) {
      for (const live of [this.months, this.latest]) if (live.isWatched) void live.refresh();
    }
    this.#arrived = true;
  }
}

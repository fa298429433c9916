import { links } from "../ui/routes.ts";
import { clock } from "./clock.svelte.ts";
import { problemOf } from "./remote.ts";
import { here, type Rest } from "./rest.ts";
import type { DayHours, FleetOverview, Invitation, Invite, Member, Membership, OverviewParts, Role, YearHours } from "./rows.ts";

const DELETING_KEY = "deleting-fleet";
/** What `delete_fleet` says of a fleet that is gone. */
const NO_SUCH_FLEET = "PT404";

function remember(fleetId: string | null): void {
  try {
    if (fleetId === null) localStorage.removeItem(DELETING_KEY);
    else localStorage.setItem(DELETING_KEY, fleetId);
  } catch {
    // Storage is blocked: the project's owner can finish what is broken off.
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(DELETING_KEY);
  } catch {
    return null;
  }
}

/** Fleets, who is in them, and what all of their pages show. */
export class Fleets {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  async memberships(): Promise<Membership[]> {
    const rows = await this.#rest.read(this.#db.from("my_fleets").select("fleet_id, name, role").order("joined_at").order("fleet_id"), "fleets");
    return rows;
  }

  async rename(fleetId: string, name: string): Promise<void> {
    await this.#rest.change(this.#db.from("fleets").update({ name }).eq("fleet_id", fleetId).select("fleet_id"));
  }

  /** @param fleetId its identity: the same one again makes no second fleet */
  async create(fleetId: string, name: string): Promise<void> {
    await this.#rest.write(this.#db.rpc("create_fleet", { name, fleet_id: fleetId }));
  }

  /** With everything in it; its devices are released. With the first piece nobody sees it any more. */
  async delete(fleetId: string, tell: (done: number) => void): Promise<void> {
    remember(fleetId);
    try {
      await this.#rest.writePieces(() => this.#db.rpc("delete_fleet", { fleet_id: fleetId }), tell);
    } catch (error) {
      const problem = problemOf(error);
      if (problem.kind === "refused") remember(null);
      // What is gone already is gone: the last answer may have got lost.
      if (problem.kind !== "refused" || problem.code !== NO_SUCH_FLEET) throw error;
    }
    remember(null);
  }

  /** Goes on with a deletion that this browser began, if the page was closed before its end. */
  async finishDeleting(): Promise<void> {
    const begun = remembered();
    if (begun !== null) await this.delete(begun, () => undefined);
  }

  /** The members of a fleet, owners first. */
  async members(fleetId: string): Promise<Member[]> {
    return await this.#rest.readAll((from, to) => this.#db.rpc("fleet_people", { fleet_id: fleetId }).range(from, to), "members");
  }

  async setRole(fleetId: string, userId: string, role: Role): Promise<void> {
    await this.#rest.change(this.#db.from("fleet_members").update({ role }).eq("fleet_id", fleetId).eq("user_id", userId).select("user_id"));
  }

  /** Takes a member out of a fleet; one's own membership is the way to leave. */
  async removeMember(fleetId: string, userId: string): Promise<void> {
    await this.#rest.remove(
      this.#db.from("fleet_members").delete().eq("fleet_id", fleetId).eq("user_id", userId).select("user_id"),
      () => this.#db.from("fleet_members").select("user_id").eq("fleet_id", fleetId).eq("user_id", userId),
    );
  }

  /** Invites that can still be accepted, newest first. */
  async invites(fleetId: string): Promise<Invite[]> {
    const rows = await this.#rest.read(
      this.#db
        .from("fleet_invites")
        .select("invite_id, role, created_at, expires_at")
        .eq("fleet_id", fleetId)
        .is("accepted_at", null)
        .gt("expires_at", clock.read().toISOString())
        .order("created_at", { ascending: false }),
      "invites",
    );
    return rows;
  }

  /**
   * @param inviteId its identity: the same one again makes no second invite
   * @returns the link, whose secret cannot be read again
   */
  async createInvite(inviteId: string, fleetId: string, role: Role): Promise<string> {
    const token = await this.#rest.write(this.#db.rpc("create_invite", { invite_id: inviteId, fleet_id: fleetId, role }));
    return here() + links.join(token);
  }

  async withdrawInvite(inviteId: string): Promise<void> {
    await this.#rest.remove(
      this.#db.from("fleet_invites").delete().eq("invite_id", inviteId).select("invite_id"),
      () => this.#db.from("fleet_invites").select("invite_id").eq("invite_id", inviteId),
    );
  }

  /** Who invites into which fleet; refused unless the link is good. */
  async invitation(token: string): Promise<Invitation> {
    return await this.#rest.read<Invitation>(this.#db.rpc("invite_preview", { token }).single(), "invite");
  }

  /** @returns the fleet that was joined */
  async acceptInvite(token: string): Promise<string> {
    return await this.#rest.write(this.#db.rpc("accept_invite", { token }));
  }

  /** A fleet at one moment, with the parts that are asked for; empty if it is the visitor's no more. */
  async overview(fleetId: string, timeZone: string, parts: OverviewParts): Promise<FleetOverview> {
    const asked = Date.now();
    const answer = await this.#rest.readInZone(
      timeZone,
      (time_zone) =>
        this.#db.rpc("fleet_overview", {
          fleet_id: fleetId,
          time_zone,
          with_planes: parts.planes ?? false,
          ...(parts.months === undefined ? {} : { months: parts.months }),
          ...(parts.latestSessions === undefined ? {} : { latest_sessions: parts.latestSessions }),
        }),
      "planes",
    );
    if (answer) clock.calibrate(answer.server_time, asked, Date.now());
    const planes = (answer?.planes ?? []);
    return {
      devices: (answer?.devices ?? []),
      planes: [...planes.filter(({ archived_at }) => archived_at === null), ...planes.filter(({ archived_at }) => archived_at !== null)],
      due: answer?.due ?? [],
      months: answer?.months ?? [],
      sessions: (answer?.sessions ?? []),
    };
  }

  /** Hours of each plane in the months of a year and of the one before, by registration; archived planes without any are left out. */
  async yearHours(fleetId: string, year: number, timeZone: string): Promise<YearHours[]> {
    return await this.#rest.readInZone(timeZone, (time_zone) => this.#db.rpc("year_hours", { fleet_id: fleetId, year, time_zone }), "months");
  }

  /** Hours of a fleet on each of the last days that had any, today included. */
  async hoursByDay(fleetId: string, timeZone: string, days: number): Promise<DayHours[]> {
    const rows = await this.#rest.readInZone(timeZone, (time_zone) => this.#db.rpc("hours_by_day", { fleet_id: fleetId, time_zone, days }), "days");
    return rows;
  }
}

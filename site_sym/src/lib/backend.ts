/** The one module that talks to Supabase. Pages get the types of model.ts from it, and BackendError when a call fails. */

import { type AuthChangeEvent, type AuthError, type GoTrueClient, isAuthApiError, isAuthRetryableFetchError } from "@supabase/auth-js";
import { PostgrestClient, type PostgrestError } from "@supabase/postgrest-js";

import { clock } from "./clock.svelte.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database.types.ts";
import type { Annotation, BootGap, Device, DeviceGap, HandEntry, Membership, Person, Plane, PlaneFields, Reading, ReadingReason, Session, SessionCursor, SessionFilter, SessionPage, SessionSort } from "./model.ts";
import { NEWEST_FIRST } from "./model.ts";
import { preferences } from "./preferences.svelte.ts";
import { BackendError, problemOf } from "./remote.ts";
import { afterCursor, cursorOf, SORT_COLUMNS } from "./sessionOrder.ts";
import type { Assignment, Completeness, DayHours, FleetOverview, Invite, Member, OverviewParts, PowerUp, Role } from "./model.ts";
import { type LinkType, links } from "./routes.ts";
import { texts } from "./texts.ts";
import { REQUEST_TIMEOUT_MS, Tokens } from "./tokens.ts";

/** What `private.check_time_zone` says. */
const ALREADY_THERE = "23505";
const UNKNOWN_ZONE = "Unknown time zone";
/** Sessions whose reset reasons a device's page tells. */
const POWER_UPS_SHOWN = 200;
export const SESSIONS_PER_PAGE = 50;
/** The most that Supabase answers at once unless a project is told otherwise. */
const MAX_ROWS = 1000;
/** They stand in an address, which servers cut at some length. */
const IDS_PER_REQUEST = 100;
/** The longest that can be entered by hand; no board has its power for as long. */
const LONGEST_SESSION_MS = 366 * 86_400_000;
/** The Hobbs columns are the costly ones. */
const WITHOUT_HOBBS =
  "session_id, fleet_id, plane_id, registration, device_uuid, device_name, session_start, reported_start, session_end, run_seconds, last_update, status, state, quality, short, class, pilot, remarks, excluded, overlaps, checkpoint_seconds, start_source, start_uncertainty_s, boot, firmware, reset_reason, corrected, clock_checked, annotated_by, annotated_at, possible_duplicate_of, received_at, heard_at, flagged, held_seconds";
const NO_HOBBS = { hobbs_start_seconds: null, hobbs_end_seconds: null };
const EXPORT_TIMEOUT_MS = 60_000;

type DeviceRow = Database["public"]["Views"]["device_status"]["Row"];
type SessionRow = Database["public"]["Views"]["session_log"]["Row"];
type PlaneRow = Nullable<Database["public"]["Functions"]["plane_hours"]["Returns"][number], NullablePlaneColumn>;

type MonthRow = Database["public"]["Functions"]["hours_by_month"]["Returns"][number];

/** What `fleet_overview` answers, of which the type generator knows only that it is JSON. */
interface OverviewAnswer {
  server_time: string;
  devices: DeviceRow[];
  planes: PlaneRow[] | null;
  months: MonthRow[] | null;
  sessions: SessionRow[] | null;
}

/** The generator takes every column of a set-returning function for filled. */
type Nullable<Row, Column extends keyof Row> = Omit<Row, Column> & { [Name in Column]: Row[Name] | null };
type BootGapRow = Nullable<Database["public"]["Functions"]["boot_gaps"]["Returns"][number], "settled_gap_id" | "settled_at" | "settled_by">;
type NullablePlaneColumn =
  | "type_designator"
  | "make"
  | "model"
  | "archived_at"
  | "reading_seconds"
  | "reading_as_of"
  | "last_session_start"
  | "last_session_end"
  | "device_uuid";

export interface Visitor {
  id: string;
  email: string;
}

/** Codes of a failed sign-up or sign-in that a person can do something about. */
const AUTH_TEXTS: Record<string, string> = {
  invalid_credentials: texts.account.wrongCredentials,
  email_not_confirmed: texts.account.notConfirmed,
  user_already_exists: texts.account.alreadyRegistered,
  email_exists: texts.account.alreadyRegistered,
  weak_password: texts.account.weakPassword,
  same_password: texts.account.samePassword,
  email_address_invalid: texts.account.invalidEmail,
  over_email_send_rate_limit: texts.account.tooMany,
  over_request_rate_limit: texts.account.tooMany,
  otp_expired: texts.account.linkUsed,
  signup_disabled: texts.account.signupsClosed,
  email_provider_disabled: texts.account.signupsClosed,
};

function unreachable(): BackendError {
  return new BackendError({ kind: "unreachable", what: texts.problems.unreachable, hint: texts.problems.tryAgain });
}

function fromAuth(error: AuthError): BackendError {
  if (isAuthRetryableFetchError(error) && !error.status) return unreachable();
  const known = error.status === 429 ? texts.account.tooMany : error.code ? AUTH_TEXTS[error.code] : undefined;
  if (known !== undefined) return new BackendError({ kind: "refused", what: known, hint: "", ...(error.code ? { code: error.code } : {}) });
  // What a gateway says in between is not for people.
  const what = isAuthApiError(error) && error.status < 500 ? error.message : texts.problems.fault;
  return new BackendError({ kind: "fault", what, hint: texts.problems.signInFaultHint });
}

/**
 * @param what the sentence for what could not be read, null for a change; the database's own words follow where it
 * refused with a reason
 */
function fromRest(error: PostgrestError, status: number, what: string | null): BackendError {
  if (what === null && (status === 0 || status >= 500)) return unsaved(error, status);
  what ??= texts.problems.fault;
  if (status === 0) return new BackendError({ kind: "unreachable", what, hint: texts.problems.unreachableHint });
  if (status === 401) return new BackendError({ kind: "signed_out", what: texts.problems.signedOut, hint: texts.problems.signedOutHint });
  if (status === 403 || error.code === "42501") {
    return new BackendError({ kind: "refused", what: texts.problems.forbidden, hint: texts.problems.forbiddenHint });
  }
  if (status < 500) {
    return new BackendError({ kind: "refused", what: error.message, hint: error.hint || texts.problems.refusedHint, code: error.code });
  }
  return new BackendError({ kind: "fault", what, hint: texts.problems.faultHint });
}

/** Whether the server did it is known only where nothing was sent, or where the database itself says that it failed. */
function unsaved(error: PostgrestError, status: number): BackendError {
  const { offline, offlineHint, failed, failedHint, unanswered, unansweredHint } = texts.problems.unsaved;
  if (status === 0 && !navigator.onLine) return new BackendError({ kind: "unsaved", what: offline, hint: offlineHint });
  if (status >= 500 && error.code) return new BackendError({ kind: "unsaved", what: failed, hint: failedHint });
  return new BackendError({ kind: "unsaved", what: unanswered, hint: unansweredHint });
}

function toDevice(row: DeviceRow): Device {
  return {
    uuid: filled(row.device_uuid),
    fleetId: filled(row.fleet_id),
    name: row.name,
    planeId: row.plane_id,
    registration: row.registration,
    state: filled(row.state),
    attention: row.attention,
    lastSeen: row.last_seen,
    runningStart: row.running_session_start,
    runningSeconds: row.running_seconds,
    runningUpdate: row.running_update,
    unsent: row.unsent,
    firmware: row.firmware,
    resetReason: row.reset_reason,
    firstSessionStart: row.first_session_start,
    unassignedSessions: row.unassigned_sessions ?? 0,
    refusedPosts: row.refused_posts ?? 0,
    refusedAt: row.refused_at,
    rejectedAt: row.rejected_at,
    rejectedCode: row.rejected_code,
    keyBoundAt: row.key_bound_at,
    keyResetAt: row.key_reset_at,
  };
}

function toPlane(row: PlaneRow): Plane {
  return {
    id: row.plane_id,
    fleetId: row.fleet_id,
    registration: row.registration,
    typeDesignator: row.type_designator,
    make: row.make,
    model: row.model,
    archivedAt: row.archived_at,
    totalSeconds: row.total_seconds,
    uncertaintySeconds: row.uncertainty_seconds,
    readingSeconds: row.reading_seconds,
    readingAsOf: row.reading_as_of,
    countedSeconds: row.counted_seconds,
    countedSessions: row.counted_sessions,
    monthSeconds: row.month_seconds,
    monthSessions: row.month_sessions,
    lastSessionStart: row.last_session_start,
    lastSessionEnd: row.last_session_end,
    deviceUuid: row.device_uuid,
  };
}

function toSession(row: SessionRow): Session {
  return {
    id: filled(row.session_id),
    planeId: row.plane_id,
    registration: row.registration,
    deviceUuid: row.device_uuid,
    deviceName: row.device_name,
    start: filled(row.session_start),
    reportedStart: filled(row.reported_start),
    end: filled(row.session_end),
    runSeconds: filled(row.run_seconds),
    lastUpdate: row.last_update,
    state: filled(row.state),
    quality: filled(row.quality),
    short: row.short ?? false,
    class: row.class,
    pilot: row.pilot,
    remarks: row.remarks,
    excluded: row.excluded ?? false,
    overlaps: row.overlaps ?? false,
    hobbsStartSeconds: row.hobbs_start_seconds,
    hobbsEndSeconds: row.hobbs_end_seconds,
    checkpointSeconds: row.checkpoint_seconds,
    startSource: row.start_source,
    startUncertaintySeconds: row.start_uncertainty_s,
    boot: row.boot,
    firmware: row.firmware,
    resetReason: row.reset_reason,
    corrected: row.corrected ?? false,
    clockChecked: row.clock_checked ?? false,
    annotatedBy: row.annotated_by,
    annotatedAt: row.annotated_at,
    duplicateOf: row.possible_duplicate_of,
  };
}

function toBootGap(row: BootGapRow): BootGap {
  return {
    fromBoot: row.from_boot,
    toBoot: row.to_boot,
    afterEnd: row.after_end,
    beforeStart: row.before_start,
    settled: row.settled_gap_id === null ? null : { id: row.settled_gap_id, by: row.settled_by, at: filled(row.settled_at) },
  };
}

/** A column that the database never leaves empty, which the type generator cannot know of a view. */
function filled<T>(value: T | null): T {
  if (value === null) throw new Error("The database left a column empty that is never empty.");
  return value;
}

function toRow(fields: PlaneFields) {
  return {
    registration: fields.registration,
    type_designator: fields.typeDesignator,
    make: fields.make,
    model: fields.model,
  };
}

type AnnotationInsert = Database["public"]["Tables"]["session_annotations"]["Insert"];

/** The fleet of an annotation is the server's to say, which the type generator cannot know. */
function annotationOf(sessionId: string, row: Omit<AnnotationInsert, "fleet_id" | "session_id">): AnnotationInsert {
  return { session_id: sessionId, ...row } as AnnotationInsert;
}

function toAnnotationRow({ correctedStart, clockChecked, ...same }: Annotation) {
  return {
    ...same,
    ...(correctedStart === undefined ? {} : { corrected_start: correctedStart }),
    ...(clockChecked === undefined ? {} : { clock_checked: clockChecked }),
  };
}

function toHandRow(entry: HandEntry) {
  return {
    hand_plane_id: entry.planeId,
    hand_start: entry.start,
    hand_seconds: entry.runSeconds,
    class: entry.class,
    pilot: entry.pilot,
    remarks: entry.remarks,
  };
}

/** A pattern of ILIKE that finds exactly these characters anywhere. */
function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}

function inPieces<T>(list: T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / length) }, (_, n) => list.slice(n * length, (n + 1) * length));
}

type Answer<T> = PromiseLike<{ data: T | null; error: PostgrestError | null; status: number }>;

export class Backend {
  #tokens: Tokens;
  #rest: PostgrestClient<Database>;
  #onOutage: () => void = () => undefined;
  /** Ends what is being asked for when the person signs out: its answer would be a refusal. */
  #inFlight = new AbortController();

  constructor(config: Config) {
    this.#tokens = new Tokens(config, () => this.#onOutage());
    this.#rest = new PostgrestClient<Database>(`${config.supabaseUrl}/rest/v1`, {
      headers: { apikey: config.supabaseKey },
      // The page says at once that something failed, and tries again by itself (live.svelte.ts).
      retry: false,
      fetch: (input, init) => {
        const signals = [this.#inFlight.signal, init?.signal ?? AbortSignal.timeout(REQUEST_TIMEOUT_MS)];
        return this.#tokens.fetch(input, { ...init, signal: AbortSignal.any(signals) });
      },
    });
  }

  get #auth(): GoTrueClient {
    return this.#tokens.auth;
  }

  /** Calls back at once with who is signed in, then at every change. */
  onVisitor(listener: (event: AuthChangeEvent, visitor: Visitor | null) => void): void {
    this.#auth.onAuthStateChange((event, session) => {
      if (event === "SIGNED_OUT") this.#stopAsking();
      const visitor = session && { id: session.user.id, email: session.user.email ?? "" };
      listener(event, visitor ?? (event === "INITIAL_SESSION" ? this.#storedVisitor() : null));
    });
    this.#onOutage = () => {
      const visitor = this.#storedVisitor();
      if (visitor) listener("INITIAL_SESSION", visitor);
    };
  }

  /** Who was signed in last, while the server cannot be asked. */
  #storedVisitor(): Visitor | null {
    const user = this.#tokens.stored?.user;
    return user ? { id: user.id, email: user.email ?? "" } : null;
  }

  /** Who may look at what this browser keeps, where there is no network to ask. */
  get visitorOffline(): Visitor | null {
    return navigator.onLine ? null : this.#storedVisitor();
  }

  #stopAsking(): void {
    this.#inFlight.abort();
    this.#inFlight = new AbortController();
  }

  /** @returns whether the person is signed in now, or has to confirm the address first */
  async signUp(email: string, password: string): Promise<"signed_in" | "confirm"> {
    const { data, error } = await this.#auth.signUp({ email, password, options: { emailRedirectTo: this.#here() } });
    if (error) throw fromAuth(error);
    // A known address gets a made-up user without identities, so that nobody can find out who has an account.
    if (data.user?.identities?.length === 0) throw new BackendError({ kind: "refused", what: texts.account.alreadyRegistered, hint: "" });
    return data.session ? "signed_in" : "confirm";
  }

  async resendConfirmation(email: string): Promise<void> {
    const { error } = await this.#auth.resend({ type: "signup", email, options: { emailRedirectTo: this.#here() } });
    if (error) throw fromAuth(error);
  }

  /** Signs in by the code of a mail. */
  async redeemCode(type: "signup" | "recovery", email: string, code: string): Promise<void> {
    const { error } = await this.#auth.verifyOtp({ type, email, token: code });
    if (error?.code === "otp_expired") throw new BackendError({ kind: "refused", what: texts.account.wrongCode, hint: "", code: error.code });
    if (error) throw fromAuth(error);
  }

  /**
   * Does what a mail's link is for.
   *
   * @returns the address of the account; null: of the two links of a changed address, the other one is still to be opened
   */
  async redeemLink(type: LinkType, tokenHash: string): Promise<string | null> {
    const { data, error } = await this.#auth.verifyOtp({ type, token_hash: tokenHash });
    if (error) throw fromAuth(error);
    return data.session?.user.email ?? null;
  }

  async signIn(email: string, password: string): Promise<void> {
    const { error } = await this.#auth.signInWithPassword({ email, password });
    if (error) throw fromAuth(error);
  }

  /** Signs out of this browser, or of every browser. */
  async signOut(where: "here" | "everywhere"): Promise<void> {
    this.#stopAsking();
    const { error } = await this.#auth.signOut({ scope: where === "here" ? "local" : "global" });
    if (error) throw fromAuth(error);
  }

  /**
   * Sends a link to the new address, and one to the old; the address changes when both were opened.
   *
   * @returns whether it changed at once, as in a project that asks for no confirmation
   */
  async changeEmail(email: string): Promise<"sent" | "changed"> {
    const { data, error } = await this.#auth.updateUser({ email }, { emailRedirectTo: this.#here() });
    if (error) throw fromAuth(error);
    return data.user.email?.toLowerCase() === email.toLowerCase() ? "changed" : "sent";
  }

  /** Signs in with the present password first: whoever finds an open browser does not get the account. */
  async changePassword(email: string, present: string, next: string): Promise<void> {
    const { error } = await this.#auth.signInWithPassword({ email, password: present });
    if (error?.code === "invalid_credentials") throw new BackendError({ kind: "refused", what: texts.ownAccount.wrongPassword, hint: "" });
    if (error) throw fromAuth(error);
    await this.setPassword(next);
  }

  async deleteAccount(): Promise<void> {
    await this.#write(this.#rest.rpc("delete_account"));
  }

  async sendPasswordReset(email: string): Promise<void> {
    const { error } = await this.#auth.resetPasswordForEmail(email, { redirectTo: this.#here() });
    if (error) throw fromAuth(error);
  }

  async setPassword(password: string): Promise<void> {
    const { error } = await this.#auth.updateUser({ password });
    if (error) throw fromAuth(error);
  }

  async memberships(): Promise<Membership[]> {
    const rows = await this.#ask(this.#rest.from("my_fleets").select("fleet_id, name, role").order("joined_at").order("fleet_id"), texts.problems.could.fleets);
    return rows.map((row) => ({ fleetId: filled(row.fleet_id), fleetName: filled(row.name), role: filled(row.role) }));
  }

  async nameFleet(fleetId: string, name: string): Promise<void> {
    await this.#change(this.#rest.from("fleets").update({ name }).eq("fleet_id", fleetId).select("fleet_id"));
  }

  /** @param fleetId its identity: the same one again makes no second fleet */
  async createFleet(fleetId: string, name: string): Promise<void> {
    await this.#write(this.#rest.rpc("create_fleet", { name, fleet_id: fleetId }));
  }

  /** With everything in it; its devices are released. */
  async deleteFleet(fleetId: string): Promise<void> {
    await this.#remove(
      this.#rest.from("fleets").delete().eq("fleet_id", fleetId).select("fleet_id"),
      () => this.#rest.from("fleets").select("fleet_id").eq("fleet_id", fleetId),
    );
  }

  /** The members of a fleet, owners first. */
  async members(fleetId: string): Promise<Member[]> {
    const rows = await this.#ask(this.#rest.rpc("fleet_people", { fleet_id: fleetId }), texts.people.could);
    return rows.map((row) => ({ id: row.user_id, email: row.email, role: row.role, joinedAt: row.joined_at }));
  }

  async setRole(fleetId: string, userId: string, role: Role): Promise<void> {
    await this.#change(this.#rest.from("fleet_members").update({ role }).eq("fleet_id", fleetId).eq("user_id", userId).select("user_id"));
  }

  /** Takes a member out of a fleet; one's own membership is the way to leave. */
  async removeMember(fleetId: string, userId: string): Promise<void> {
    await this.#remove(
      this.#rest.from("fleet_members").delete().eq("fleet_id", fleetId).eq("user_id", userId).select("user_id"),
      () => this.#rest.from("fleet_members").select("user_id").eq("fleet_id", fleetId).eq("user_id", userId),
    );
  }

  /** Invites that can still be accepted, newest first. */
  async invites(fleetId: string): Promise<Invite[]> {
    const rows = await this.#ask(
      this.#rest
        .from("fleet_invites")
        .select("invite_id, role, created_at, expires_at")
        .eq("fleet_id", fleetId)
        .is("accepted_at", null)
        .gt("expires_at", clock.read().toISOString())
        .order("created_at", { ascending: false }),
      texts.invites.could,
    );
    return rows.map((row) => ({ id: row.invite_id, role: row.role, createdAt: row.created_at, expiresAt: row.expires_at }));
  }

  /**
   * @param inviteId its identity: the same one again makes no second invite
   * @returns the link, whose secret cannot be read again
   */
  async createInvite(inviteId: string, fleetId: string, role: Role): Promise<string> {
    const token = await this.#write(this.#rest.rpc("create_invite", { invite_id: inviteId, fleet_id: fleetId, role }));
    return this.#here() + links.join(token);
  }

  async withdrawInvite(inviteId: string): Promise<void> {
    await this.#remove(
      this.#rest.from("fleet_invites").delete().eq("invite_id", inviteId).select("invite_id"),
      () => this.#rest.from("fleet_invites").select("invite_id").eq("invite_id", inviteId),
    );
  }

  /** @returns the fleet that was joined */
  async acceptInvite(token: string): Promise<string> {
    return await this.#write(this.#rest.rpc("accept_invite", { token }));
  }

  /** A fleet at one moment, with the parts that are asked for; empty if it is the visitor's no more. */
  async overview(fleetId: string, timeZone: string, parts: OverviewParts): Promise<FleetOverview> {
    const asked = Date.now();
    const answer = (await this.#askInZone(
      timeZone,
      (time_zone) =>
        this.#rest.rpc("fleet_overview", {
          fleet_id: fleetId,
          time_zone,
          with_planes: parts.planes ?? false,
          ...(parts.months === undefined ? {} : { months: parts.months }),
          ...(parts.latestSessions === undefined ? {} : { latest_sessions: parts.latestSessions }),
        }),
      texts.problems.could.planes,
    )) as unknown as OverviewAnswer | null;
    if (answer) clock.calibrate(answer.server_time, asked, Date.now());
    const planes = (answer?.planes ?? []).map(toPlane);
    return {
      devices: (answer?.devices ?? []).map(toDevice),
      planes: [...planes.filter(({ archivedAt }) => archivedAt === null), ...planes.filter(({ archivedAt }) => archivedAt !== null)],
      months: (answer?.months ?? []).map(({ plane_id, month, seconds }) => ({ planeId: plane_id, month, seconds })),
      sessions: (answer?.sessions ?? []).map(toSession),
    };
  }

  /** @param planeId its identity: the same one again adds no second plane, and what was changed meanwhile holds */
  async addPlane(planeId: string, fleetId: string, fields: PlaneFields): Promise<void> {
    try {
      await this.#change(this.#rest.from("planes").insert({ plane_id: planeId, fleet_id: fleetId, ...toRow(fields) }).select("plane_id"));
    } catch (error) {
      if (problemOf(error).code !== ALREADY_THERE) throw error;
      await this.changePlane(planeId, fields);
    }
  }

  async changePlane(planeId: string, fields: PlaneFields): Promise<void> {
    await this.#change(this.#rest.from("planes").update(toRow(fields)).eq("plane_id", planeId).select("plane_id"));
  }

  async archivePlane(planeId: string, archived: boolean): Promise<void> {
    const archived_at = archived ? clock.read().toISOString() : null;
    await this.#change(this.#rest.from("planes").update({ archived_at }).eq("plane_id", planeId).select("plane_id"));
  }

  /** A plane's readings, newest first. */
  async readings(planeId: string): Promise<Reading[]> {
    const rows = await this.#ask(
      this.#rest.from("hour_readings").select("*").eq("plane_id", planeId).order("as_of", { ascending: false }).order("entry", { ascending: false }),
      texts.readings.could,
    );
    return rows.map((row) => ({
      id: row.reading_id,
      asOf: row.as_of,
      seconds: row.seconds,
      expectedSeconds: row.expected_seconds,
      reason: row.reason,
      voided: row.voided_at !== null,
    }));
  }

  /** Hours of a plane at a time, in seconds. */
  async hoursAt(planeId: string, at: string): Promise<number> {
    return await this.#ask(this.#rest.rpc("hours", { plane_id: planeId, at_time: at }), texts.problems.could.planes);
  }

  /**
   * @param readingId its identity, by which it can be voided: the same one again records nothing twice
   * @param asOf when the meter showed it
   */
  async addReading(readingId: string, planeId: string, seconds: number, reason: ReadingReason, asOf: string): Promise<void> {
    await this.#change(this.#rest.rpc("add_reading", { reading_id: readingId, plane_id: planeId, seconds, reason, as_of: asOf }));
  }

  async voidReading(readingId: string, reason: string): Promise<void> {
    await this.#change(this.#rest.rpc("void_reading", { reading_id: readingId, reason }));
  }

  async claimDevice(uuid: string, fleetId: string, name: string | null): Promise<void> {
    await this.#change(this.#rest.rpc("claim_device", { device_uuid: uuid, fleet_id: fleetId, ...(name === null ? {} : { name }) }));
  }

  async nameDevice(uuid: string, fleetId: string, name: string | null): Promise<void> {
    await this.#change(
      this.#rest.from("device_ownerships").update({ name }).eq("device_uuid", uuid).eq("fleet_id", fleetId).is("owned_until", null).select("ownership_id"),
    );
  }

  /**
   * @param from when it began to hang there; without it a first assignment takes all the device's history, a later one
   * begins now
   * @param assignmentId its identity: the same one again makes no second assignment
   * @returns the assignment's id, by which it can be taken back
   */
  async assignDevice(assignmentId: string, uuid: string, planeId: string | null, from?: string): Promise<string> {
    const assigned = await this.#change(
      // The type generator takes every argument for filled; null hangs the device in no plane.
      this.#rest.rpc("assign_device", { assignment_id: assignmentId, device_uuid: uuid, plane_id: planeId as string, ...(from === undefined ? {} : { assigned_from: from }) }),
    );
    return assigned.assignment_id;
  }

  async removeAssignment(assignmentId: string): Promise<void> {
    await this.#remove(
      this.#rest.rpc("remove_assignment", { assignment_id: assignmentId }),
      () => this.#rest.from("device_assignments").select("assignment_id").eq("assignment_id", assignmentId),
    );
  }

  /** Where a device of the fleet hung and hangs, latest first. */
  async assignments(uuid: string, fleetId: string): Promise<Assignment[]> {
    const rows = await this.#ask(
      this.#rest
        .from("device_assignments")
        .select("assignment_id, plane_id, assigned_from")
        .eq("device_uuid", uuid)
        .eq("fleet_id", fleetId)
        .order("assigned_from", { ascending: false }),
      texts.assignments.could,
    );
    return rows.map((row) => ({ id: row.assignment_id, planeId: row.plane_id, from: row.assigned_from }));
  }

  /** Gives the device up: its sessions so far stay, later ones belong to whoever claims it next. */
  async releaseDevice(uuid: string): Promise<void> {
    await this.#remove(
      this.#rest.rpc("release_device", { device_uuid: uuid }),
      () => this.#rest.from("device_ownerships").select("ownership_id").eq("device_uuid", uuid).is("owned_until", null),
    );
  }

  /** @returns until when the board can bring a new key */
  async resetDeviceKey(uuid: string): Promise<string> {
    return await this.#write(this.#rest.rpc("reset_device_key", { device_uuid: uuid }));
  }

  /** What can be said of a device's completeness; null before its first session. */
  async completeness(uuid: string): Promise<Completeness | null> {
    const [rows, gaps] = await Promise.all([
      this.#ask(this.#rest.rpc("device_completeness", { device_uuid: uuid }), texts.completeness.could),
      this.#ask(this.#rest.rpc("boot_gaps", { device_uuid: uuid }), texts.completeness.could),
    ]);
    // The type generator takes every column of a set-returning function for filled.
    const row = rows[0] as Nullable<(typeof rows)[number], "first_boot" | "last_boot" | "missing_boots" | "lifetime_seconds" | "recorded_seconds" | "unrecorded_seconds"> | undefined;
    if (!row) return null;
    return {
      sessions: row.sessions,
      firstBoot: row.first_boot,
      lastBoot: row.last_boot,
      missingBoots: row.missing_boots ?? 0,
      lifetimeSeconds: row.lifetime_seconds,
      recordedSeconds: row.recorded_seconds,
      unrecordedSeconds: row.unrecorded_seconds,
      gaps: gaps.map(toBootGap),
    };
  }

  /** A device's last power-ups in this fleet, newest first. */
  async powerUps(uuid: string, fleetId: string): Promise<PowerUp[]> {
    const rows = await this.#ask(
      this.#rest
        .from("session_log")
        .select("session_id, session_start, run_seconds, registration, boot, reset_reason")
        .eq("device_uuid", uuid)
        .eq("fleet_id", fleetId)
        .order("session_start", { ascending: false })
        .order("session_id", { ascending: false })
        .limit(POWER_UPS_SHOWN),
      texts.problems.could.sessions,
    );
    return rows.map((row) => ({
      sessionId: filled(row.session_id),
      start: filled(row.session_start),
      runSeconds: filled(row.run_seconds),
      registration: row.registration,
      boot: row.boot,
      resetReason: row.reset_reason,
    }));
  }

  /** Hours of a fleet on each of the last days that had any, today included. */
  async hoursByDay(fleetId: string, timeZone: string, days: number): Promise<DayHours[]> {
    const rows = await this.#askInZone(timeZone, (time_zone) => this.#rest.rpc("hours_by_day", { fleet_id: fleetId, time_zone, days }), texts.heat.could);
    return rows.map(({ day, seconds }) => ({ date: day, seconds }));
  }

  /** A page of sessions, going on after the cursor: never cut at the server's limit of rows. */
  async sessions(
    fleetId: string,
    filter: SessionFilter,
    cursor: SessionCursor | null,
    perPage = SESSIONS_PER_PAGE,
    sort: SessionSort = NEWEST_FIRST,
  ): Promise<SessionPage> {
    let query = this.#matching(fleetId, filter);
    if (cursor !== null) query = query.or(afterCursor(cursor, sort));
    if (sort.by !== "start") query = query.order(SORT_COLUMNS[sort.by], { ascending: !sort.descending, nullsFirst: false });
    const oldestFirst = sort.by === "start" && !sort.descending;
    // One more than is shown tells whether there is a next page.
    const rows = await this.#ask(
      query.order("session_start", { ascending: oldestFirst }).order("session_id", { ascending: oldestFirst }).limit(perPage + 1),
      texts.problems.could.sessions,
    );
    const sessions = rows.slice(0, perPage).map(toSession);
    const last = sessions.at(-1);
    return { sessions, next: rows.length > perPage && last ? cursorOf(last, sort) : null };
  }

  /**
   * What was on between two instants, newest first, in one request.
   *
   * @returns `isCut`: there is more than one answer holds
   */
  async sessionsBetween(fleetId: string, from: string, until: string): Promise<{ sessions: Session[]; isCut: boolean }> {
    const rows = await this.#ask(
      this.#rest
        .from("session_log")
        .select(WITHOUT_HOBBS)
        .eq("fleet_id", fleetId)
        .gt("session_end", from)
        .lt("session_start", until)
        // Bounds what an index has to be read for.
        .gt("session_start", new Date(Date.parse(from) - LONGEST_SESSION_MS).toISOString())
        .order("session_start", { ascending: false })
        .order("session_id", { ascending: false })
        .limit(MAX_ROWS),
      texts.problems.could.sessions,
    );
    return { sessions: rows.map((row) => toSession({ ...row, ...NO_HOBBS })), isCut: rows.length === MAX_ROWS };
  }

  /** Every session that matches, newest first, in pieces of at most 1,000; a piece that the server cut shorter is no end. */
  async *allSessions(fleetId: string, filter: SessionFilter, signal: AbortSignal): AsyncGenerator<Session[]> {
    for (let cursor: SessionCursor | null = null; ; ) {
      let query = this.#matching(fleetId, filter);
      if (cursor !== null) query = query.or(afterCursor(cursor, NEWEST_FIRST));
      const rows: SessionRow[] = await this.#ask(
        query
          .order("session_start", { ascending: false })
          .order("session_id", { ascending: false })
          .limit(MAX_ROWS)
          .abortSignal(AbortSignal.any([signal, AbortSignal.timeout(EXPORT_TIMEOUT_MS)])),
        texts.problems.could.sessions,
      );
      const sessions = rows.map(toSession);
      const last = sessions.at(-1);
      if (last === undefined) return;
      yield sessions;
      cursor = cursorOf(last, NEWEST_FIRST);
    }
  }

  async countSessions(fleetId: string, filter: SessionFilter): Promise<number> {
    const { count, error, status } = await this.#matching(fleetId, filter, { count: "exact", head: true });
    // An answer without a body says only its status.
    if (error) throw fromRest(error, status, texts.problems.could.sessions);
    return count ?? 0;
  }

  async session(id: string): Promise<Session | null> {
    const rows = await this.#ask(this.#rest.from("session_log").select("*").eq("session_id", id), texts.problems.could.sessions);
    return rows.map(toSession)[0] ?? null;
  }

  /** Names of pilots to choose from, those entered last first. */
  async pilots(fleetId: string): Promise<string[]> {
    const rows = await this.#ask(
      this.#rest.from("session_annotations").select("pilot").eq("fleet_id", fleetId).not("pilot", "is", null).order("updated_at", { ascending: false }),
      texts.problems.could.sessions,
    );
    return [...new Set(rows.map(({ pilot }) => filled(pilot)))];
  }

  /** Says something about a session of a device or a hand-entered one; only what is given changes. */
  async annotate(sessionId: string, said: Annotation): Promise<void> {
    await this.#change(
      this.#rest.from("session_annotations").upsert(annotationOf(sessionId, toAnnotationRow(said)), { onConflict: "session_id" }).select("session_id"),
    );
  }

  /** Says something about each of several sessions, in one request: about all of them or none. Each says the same columns. */
  async annotateAll(said: { sessionId: string; said: Annotation }[]): Promise<void> {
    const rows = said.map(({ sessionId, said }) => annotationOf(sessionId, toAnnotationRow(said)));
    await this.#write(this.#rest.from("session_annotations").upsert(rows, { onConflict: "session_id" }));
  }

  /** Takes everything back that was said about several sessions. */
  async deleteAnnotations(sessionIds: string[]): Promise<void> {
    for (const ids of inPieces(sessionIds, IDS_PER_REQUEST)) {
      await this.#remove(
        this.#rest.from("session_annotations").delete().in("session_id", ids).select("session_id"),
        () => this.#rest.from("session_annotations").select("session_id").in("session_id", ids),
      );
    }
  }

  /** Which of these sessions are still there. */
  async sessionsThere(sessionIds: string[]): Promise<Set<string>> {
    const there = new Set<string>();
    for (const ids of inPieces(sessionIds, IDS_PER_REQUEST)) {
      const rows = await this.#ask(this.#rest.from("sessions").select("session_id").in("session_id", ids), texts.problems.could.sessions);
      for (const { session_id } of rows) there.add(session_id);
    }
    return there;
  }

  /** Takes everything back that was said about a session. Of a hand-entered one nothing is left. */
  async deleteAnnotation(sessionId: string): Promise<void> {
    await this.#remove(
      this.#rest.from("session_annotations").delete().eq("session_id", sessionId).select("session_id"),
      () => this.#rest.from("session_annotations").select("session_id").eq("session_id", sessionId),
    );
  }

  /** @param sessionId its identity: one that was deleted comes back, and the same one again enters nothing twice */
  async enterSession(sessionId: string, entry: HandEntry): Promise<void> {
    await this.#change(
      this.#rest.from("session_annotations").upsert(annotationOf(sessionId, toHandRow(entry)), { onConflict: "session_id" }).select("session_id"),
    );
  }

  async changeEntry(sessionId: string, entry: HandEntry): Promise<void> {
    await this.#change(this.#rest.from("session_annotations").update(toHandRow(entry)).eq("session_id", sessionId).select("session_id"));
  }

  /** The newest sessions that somebody should look at, at most 200: estimated clocks, flagged times, possible duplicates. */
  async sessionsToReview(fleetId: string): Promise<{ sessions: Session[]; recorded: Session[] }> {
    const rows = await this.#ask(this.#rest.rpc("sessions_to_review", { fleet_id: fleetId }), texts.problems.could.sessions);
    const sessions = rows.map(toSession).filter(({ state }) => state !== "running");
    const recorded = sessions.map(({ duplicateOf }) => duplicateOf).filter((id) => id !== null);
    return { sessions, recorded: await this.#sessionsById(fleetId, recorded) };
  }

  async #sessionsById(fleetId: string, ids: string[]): Promise<Session[]> {
    const pieces = Array.from({ length: Math.ceil(ids.length / SESSIONS_PER_PAGE) }, (_, n) =>
      ids.slice(n * SESSIONS_PER_PAGE, (n + 1) * SESSIONS_PER_PAGE));
    const answers = await Promise.all(pieces.map((piece) =>
      this.#ask(this.#rest.from("session_log").select("*").eq("fleet_id", fleetId).in("session_id", piece), texts.problems.could.sessions)));
    return answers.flat().map(toSession);
  }

  /** Missing power-ups of the fleet's devices, newest first for each. */
  async bootGaps(fleetId: string): Promise<DeviceGap[]> {
    const rows = await this.#ask(this.#rest.rpc("fleet_boot_gaps", { fleet_id: fleetId }), texts.problems.could.devices);
    return rows.map((row) => ({ deviceUuid: row.device_uuid, gap: toBootGap(row) }));
  }

  /**
   * Says for the whole fleet that nothing was lost with missing power-ups.
   *
   * @returns what was said, by which it can be taken back
   */
  async settleGap(fleetId: string, deviceUuid: string, { fromBoot, toBoot }: BootGap): Promise<string> {
    const row = { fleet_id: fleetId, device_uuid: deviceUuid, from_boot: fromBoot, to_boot: toBoot };
    try {
      const [made] = await this.#change(this.#rest.from("settled_boot_gaps").insert(row).select("gap_id"));
      return filled(made?.gap_id ?? null);
    } catch (error) {
      if (problemOf(error).code !== ALREADY_THERE) throw error;
      const [there] = await this.#ask(this.#rest.from("settled_boot_gaps").select("gap_id").match(row), texts.problems.fault);
      return filled(there?.gap_id ?? null);
    }
  }

  async unsettleGap(settledId: string): Promise<void> {
    await this.#remove(
      this.#rest.from("settled_boot_gaps").delete().eq("gap_id", settledId).select("gap_id"),
      () => this.#rest.from("settled_boot_gaps").select("gap_id").eq("gap_id", settledId),
    );
  }

  async people(fleetId: string): Promise<Person[]> {
    const rows = await this.#ask(this.#rest.rpc("fleet_people", { fleet_id: fleetId }), texts.problems.could.fleets);
    return rows.map(({ user_id, email }) => ({ id: user_id, email }));
  }

  #matching(fleetId: string, filter: SessionFilter, options: { count?: "exact"; head?: boolean } = {}) {
    let wanted = this.#rest.from("session_log").select("*", options).eq("fleet_id", fleetId);
    if (filter.plane === "none") wanted = wanted.is("plane_id", null);
    else if (filter.plane !== undefined) wanted = wanted.eq("plane_id", filter.plane);
    if (filter.device !== undefined) wanted = wanted.eq("device_uuid", filter.device);
    if (filter.class === "none") wanted = wanted.is("class", null);
    else if (filter.class !== undefined) wanted = wanted.eq("class", filter.class);
    if (filter.pilot !== undefined) wanted = wanted.ilike("pilot", containing(filter.pilot));
    if (filter.mark === "short" || filter.mark === "excluded" || filter.mark === "overlaps") wanted = wanted.eq(filter.mark, true);
    else if (filter.mark !== undefined) wanted = wanted.eq("quality", filter.mark);
    // The quality is worked out row by row; what it follows from has an index.
    if (filter.mark === "flagged") wanted = wanted.eq("flagged", true);
    else if (filter.mark === "hand_entered") wanted = wanted.is("device_uuid", null);
    else if (filter.mark === "clock_estimated") wanted = wanted.eq("start_source", "estimated");
    if (filter.from !== undefined) wanted = wanted.gte("session_start", filter.from);
    if (filter.until !== undefined) wanted = wanted.lt("session_start", filter.until);
    return wanted;
  }

  /** Where mail links lead back to: this page, without a hash, which carries the link's answer. */
  #here(): string {
    return location.origin + location.pathname;
  }

  async #ask<T>(answer: Answer<T>, what: string): Promise<T> {
    const { data, error, status } = await answer;
    if (error) throw fromRest(error, status, what);
    return data as T;
  }

  /** A change: words of its own where it may not have been done. */
  async #write<T>(answer: Answer<T>): Promise<T> {
    const { data, error, status } = await answer;
    if (error) throw fromRest(error, status, null);
    return data as T;
  }

  /** In UTC where the database does not know the zone: its list may be older than the browser's. */
  async #askInZone<T>(timeZone: string, answerIn: (timeZone: string) => Answer<T>, what: string): Promise<T> {
    const answer = await answerIn(timeZone);
    if (answer.error?.message !== UNKNOWN_ZONE || timeZone === "UTC") return await this.#ask(Promise.resolve(answer), what);
    preferences.refuseLocalZone();
    return await this.#ask(answerIn("UTC"), what);
  }

  /** A change that touched no row was refused by row security, silently. */
  async #change<T>(answer: Answer<T>): Promise<T> {
    const data = await this.#write(answer);
    if (Array.isArray(data) && data.length === 0) {
      throw new BackendError({ kind: "refused", what: texts.problems.forbidden, hint: texts.problems.forbiddenHint });
    }
    return data;
  }

  /** What is gone already is gone: the first answer may have got lost, or another member was faster. */
  async #remove(answer: Answer<unknown>, left: () => Answer<unknown[]>): Promise<void> {
    try {
      await this.#change(answer);
    } catch (error) {
      if (problemOf(error).kind !== "refused" || (await this.#ask(left(), texts.problems.fault)).length > 0) throw error;
    }
  }
}

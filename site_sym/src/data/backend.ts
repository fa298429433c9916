import { Activity } from "./activity.ts";
import { Auth } from "./auth.ts";
import { Components } from "./components.ts";
import type { Config } from "./config.ts";
import { Devices } from "./devices.ts";
import { Entries } from "./entries.ts";
import { Fleets } from "./fleets.ts";
import { Imports } from "./imports.ts";
import { Maintenance } from "./maintenance.ts";
import { Meters } from "./meters.ts";
import { Planes } from "./planes.ts";
import { Programme } from "./programme.ts";
import { Reports } from "./reports.ts";
import { Rest } from "./rest.ts";
import { Sessions } from "./sessions.ts";
import { Tokens } from "./tokens.ts";

/** All that talks to Supabase, by subject. Pages get the types of rows.ts from it, and BackendError when a call fails. */
export class Backend {
  readonly auth: Auth;
  readonly fleets: Fleets;
  readonly planes: Planes;
  readonly meters: Meters;
  readonly maintenance: Maintenance;
  readonly programme: Programme;
  readonly components: Components;
  readonly devices: Devices;
  readonly sessions: Sessions;
  readonly reports: Reports;
  readonly activity: Activity;
  readonly imports: Imports;
  readonly entries: Entries;

  constructor(config: Config) {
    const tokens = new Tokens(config, () => this.auth.tellOutage());
    const rest = new Rest(config, tokens);
    this.auth = new Auth(tokens, rest);
    this.fleets = new Fleets(rest);
    this.planes = new Planes(rest);
    this.meters = new Meters(rest);
    this.maintenance = new Maintenance(rest);
    this.programme = new Programme(rest);
    this.components = new Components(rest);
    this.devices = new Devices(rest);
    this.sessions = new Sessions(rest);
    this.reports = new Reports(rest);
    this.activity = new Activity(rest);
    this.imports = new Imports(rest);
    this.entries = new Entries(rest);
  }
}

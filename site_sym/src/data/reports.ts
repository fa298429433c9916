import type { Rest } from "./rest.ts";
import type { MonthlyReport, ReportHead } from "./rows.ts";

const HEAD = "report_id, month, time_zone, begins, ends, sha256, made_at, author_id";

/** Closed months, and the lock over what was said of them. Months are named by their first day: "2026-10-01". */
export class Reports {
  #rest: Rest;
  #db: Rest["client"];

  constructor(rest: Rest) {
    this.#rest = rest;
    this.#db = rest.client;
  }

  /** Newest month first; of one month's the newest first, which is the one that stands. */
  async list(fleetId: string): Promise<ReportHead[]> {
    return await this.#rest.readAll(
      (from, to) =>
        this.#db
          .from("monthly_reports")
          .select(HEAD)
          .eq("fleet_id", fleetId)
          .order("month", { ascending: false })
          .order("made_at", { ascending: false })
          .order("report_id")
          .range(from, to),
      "reports",
    );
  }

  /** null: there is none of this name, or it is another fleet's. */
  async read(fleetId: string, reportId: string): Promise<MonthlyReport | null> {
    const rows = await this.#rest.read(this.#db.from("monthly_reports").select("*").eq("fleet_id", fleetId).eq("report_id", reportId), "reports");
    return rows[0] ?? null;
  }

  /** What the month's report would say if it were closed now: the text of its content. */
  async preview(fleetId: string, month: string, timeZone: string): Promise<string> {
    return await this.#rest.read(this.#db.rpc("month_report_preview", { fleet_id: fleetId, month, time_zone: timeZone }), "reports");
  }

  /** @param reportId its identity: the same one again makes no second report */
  async close(reportId: string, fleetId: string, month: string, timeZone: string): Promise<void> {
    await this.#rest.write(this.#db.rpc("close_month", { fleet_id: fleetId, month, time_zone: timeZone, report_id: reportId }).select("report_id"));
  }

  /** Before this instant nothing that people say can change; null: nothing is locked. */
  async lockedUntil(fleetId: string): Promise<string | null> {
    const rows = await this.#rest.read(this.#db.from("fleets").select("locked_until").eq("fleet_id", fleetId), "reports");
    return rows[0]?.locked_until ?? null;
  }

  async setLock(fleetId: string, lockedUntil: string | null): Promise<void> {
    // The generator does not know that an argument may be null, and what is left out has no default.
    await this.#rest.write(this.#db.rpc("set_lock", { fleet_id: fleetId, locked_until: lockedUntil as string }));
  }
}

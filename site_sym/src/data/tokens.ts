/** Keeps a person signed in: renews the access token, and tells a sign-in that has ended from a server that is in trouble. */

import { GoTrueClient, isAuthRetryableFetchError } from "@supabase/auth-js";

import type { Config } from "./config.ts";

export const REQUEST_TIMEOUT_MS = 20_000;
const STORAGE_KEY = "uptime-logger-auth";
/** How long a server is left alone that is overloaded and does not say for how long. */
const WAIT_SECONDS = 30;
const LONGEST_WAIT_SECONDS = 600;
/** With these, and a code, the auth service says no to a renewal. Every other answer is an outage, which ends nothing. */
const REFUSALS = new Set([400, 401, 403, 404, 422]);

interface StoredSession {
  access_token: string;
  refresh_token: string;
  user: { id: string; email?: string };
}

const fetchInTime: typeof fetch = (input, init) => fetch(input, { ...init, signal: init?.signal ?? AbortSignal.timeout(REQUEST_TIMEOUT_MS) });

async function jsonOf(answer: Response): Promise<Record<string, unknown> | null> {
  try {
    const body: unknown = await answer.clone().json();
    return typeof body === "object" && body !== null ? { ...body } : null;
  } catch {
    return null;
  }
}

/**
 * Without the server's time of expiry: the auth client compares it with this device's clock, and where that is hours fast
 * it renews before every request. From the lifetime alone it works the time out by the clock that it compares with.
 */
async function withOwnExpiry(answer: Response): Promise<Response> {
  const body = answer.ok ? await jsonOf(answer) : null;
  if (body === null || !("expires_in" in body)) return answer;
  const { expires_at: _, ...rest } = body;
  return Response.json(rest, { status: answer.status });
}

async function endsSignIn(answer: Response): Promise<boolean> {
  if (!REFUSALS.has(answer.status)) return false;
  const body = await jsonOf(answer);
  return [body?.["error_code"], body?.["code"], body?.["error"]].some((code) => typeof code === "string" && !code.endsWith("rate_limit"));
}

export class Tokens {
  readonly auth: GoTrueClient;
  #key: string;
  #onOutage: () => void;
  /** Rejects when a renewal fails: nobody waits for the auth client's further tries. */
  #outage!: Promise<never>;
  #reject!: (reason: Error) => void;
  #notBefore = 0;
  /** The renewal that is under way: requests that were refused together wait for one. */
  #renewal: { refused: string; answer: Promise<string | null> } | null = null;

  /** @param onOutage called when the sign-in could not be renewed for now */
  constructor({ supabaseUrl, supabaseKey }: Config, onOutage: () => void) {
    this.#key = supabaseKey;
    this.#onOutage = onOutage;
    this.#expectOutage();
    // The implicit flow: a mail link works on whatever device it is opened.
    this.auth = new GoTrueClient({
      url: `${supabaseUrl}/auth/v1`,
      headers: { apikey: supabaseKey },
      storageKey: STORAGE_KEY,
      fetch: this.#askAuth,
      flowType: "implicit",
      detectSessionInUrl: true,
      autoRefreshToken: true,
      persistSession: true,
    });
  }

  /** Who was signed in last in this browser: the auth client forgets only those whom the server refused. */
  get stored(): StoredSession | null {
    try {
      const stored = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "null");
      return typeof stored?.user?.id === "string" && typeof stored.access_token === "string" ? stored : null;
    } catch {
      return null;
    }
  }

  /** Asks the database as the person who is signed in. A token that the server takes no more is renewed, once. */
  fetch: typeof fetch = async (input, init) => {
    // Without a network the auth client would try for half a minute to renew an old sign-in.
    if (!navigator.onLine) throw new TypeError("offline");
    const token = await this.#token();
    const answer = await this.#send(input, init, token);
    if (answer.status !== 401 || token === null) return answer;
    const renewed = await this.#renewedOnce(token);
    return renewed === null ? answer : await this.#send(input, init, renewed);
  };

  #send(input: RequestInfo | URL, init: RequestInit | undefined, token: string | null): Promise<Response> {
    const headers = new Headers(init?.headers);
    headers.set("Authorization", `Bearer ${token ?? this.#key}`);
    return fetchInTime(input, { ...init, headers });
  }

  async #token(): Promise<string | null> {
    try {
      const { data, error } = await Promise.race([this.auth.getSession(), this.#outage]);
      if (data.session || !error) return data.session?.access_token ?? null;
    } catch {
      // It could not be renewed for now.
    }
    // The server may still take the old one: only this device's clock says that it has expired.
    return this.stored?.access_token ?? null;
  }

  async #renewedOnce(refused: string): Promise<string | null> {
    if (this.#renewal?.refused !== refused) this.#renewal = { refused, answer: this.#renewed(refused) };
    const { answer } = this.#renewal;
    try {
      return await answer;
    } finally {
      if (this.#renewal?.answer === answer) this.#renewal = null;
    }
  }

  async #renewed(refused: string): Promise<string | null> {
    const { stored } = this;
    if (stored === null) return null;
    // Another request or another tab was faster.
    if (stored.access_token !== refused) return stored.access_token;
    // With the token given: without it, the auth client takes an outage for a sign-in that is missing.
    const { data, error } = await Promise.race([this.auth.refreshSession({ refresh_token: stored.refresh_token }), this.#outage]);
    if (data.session) return data.session.access_token;
    if (error && isAuthRetryableFetchError(error)) throw new TypeError("The sign-in cannot be renewed now.");
    // The auth client keeps a refused sign-in for as long as this device's clock says that its token holds.
    if (this.stored) await this.auth.signOut({ scope: "local" });
    return null;
  }

  #askAuth: typeof fetch = async (input, init) => {
    if (!String(input).includes("grant_type=refresh_token")) {
      const answer = await fetchInTime(input, init);
      // Of a gateway's page the auth client would not even tell the status.
      return answer.ok || (await jsonOf(answer)) ? await withOwnExpiry(answer) : Response.json({ msg: answer.statusText }, { status: answer.status });
    }
    try {
      if (performance.now() < this.#notBefore) throw new TypeError("The server asked to wait.");
      const answer = await fetchInTime(input, init);
      if (answer.ok) return await withOwnExpiry(answer);
      if (await endsSignIn(answer)) return answer;
      const seconds = Number(answer.headers.get("retry-after")) || WAIT_SECONDS;
      this.#notBefore = performance.now() + Math.min(seconds, LONGEST_WAIT_SECONDS) * 1000;
      throw new TypeError(`The sign-in could not be renewed: status ${answer.status}.`);
    } catch (error) {
      this.#reject(error instanceof Error ? error : new TypeError(String(error)));
      this.#expectOutage();
      this.#onOutage();
      throw error;
    }
  };

  #expectOutage(): void {
    this.#outage = new Promise<never>((_, reject) => (this.#reject = reject));
    // Nobody may be waiting.
    this.#outage.catch(() => undefined);
  }
}

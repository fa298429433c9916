import { type AuthChangeEvent, type AuthError, type GoTrueClient, isAuthApiError, isAuthRetryableFetchError } from "@supabase/auth-js";

import type { LinkType } from "../ui/routes.ts";
import { BackendError, WRONG_CODE, WRONG_PASSWORD } from "./remote.ts";
import { here, type Rest } from "./rest.ts";
import type { Tokens } from "./tokens.ts";

export interface Visitor {
  id: string;
  email: string;
}

function fromAuth(error: AuthError): BackendError {
  if (isAuthRetryableFetchError(error) && !error.status) return new BackendError({ kind: "unreachable" });
  if (error.status === 429) return new BackendError({ kind: "refused", code: "over_request_rate_limit" });
  // What a gateway says in between is not for people.
  if (!isAuthApiError(error) || error.status >= 500) return new BackendError({ kind: "fault" });
  return new BackendError({ kind: "refused", message: error.message, hint: "", ...(error.code ? { code: error.code } : {}) });
}

/** Who visits, and how they sign in and out. */
export class Auth {
  #tokens: Tokens;
  #rest: Rest;
  #listener: (event: AuthChangeEvent, visitor: Visitor | null) => void = () => undefined;

  constructor(tokens: Tokens, rest: Rest) {
    this.#tokens = tokens;
    this.#rest = rest;
  }

  get #auth(): GoTrueClient {
    return this.#tokens.auth;
  }

  /** Calls back at once with who is signed in, then at every change. */
  onVisitor(listener: (event: AuthChangeEvent, visitor: Visitor | null) => void): void {
    this.#auth.onAuthStateChange((event, session) => {
      if (event === "SIGNED_OUT") this.#rest.stop();
      const visitor = session && { id: session.user.id, email: session.user.email ?? "" };
      listener(event, visitor ?? (event === "INITIAL_SESSION" ? this.#storedVisitor() : null));
    });
    this.#listener = listener;
  }

  /** The sign-in could not be renewed for now: whoever was in stays in. */
  tellOutage(): void {
    const visitor = this.#storedVisitor();
    if (visitor) this.#listener("INITIAL_SESSION", visitor);
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

  /** @returns whether the person is signed in now, or has to confirm the address first */
  async signUp(email: string, password: string): Promise<"signed_in" | "confirm"> {
    const { data, error } = await this.#auth.signUp({ email, password, options: { emailRedirectTo: here() } });
    if (error) throw fromAuth(error);
    // A known address gets a made-up user without identities, so that nobody can find out who has an account.
    if (data.user?.identities?.length === 0) throw new BackendError({ kind: "refused", code: "user_already_exists" });
    return data.session ? "signed_in" : "confirm";
  }

  async resendConfirmation(email: string): Promise<void> {
    const { error } = await this.#auth.resend({ type: "signup", email, options: { emailRedirectTo: here() } });
    if (error) throw fromAuth(error);
  }

  /** Signs in by the code of a mail. */
  async redeemCode(type: "signup" | "recovery", email: string, code: string): Promise<void> {
    const { error } = await this.#auth.verifyOtp({ type, email, token: code });
    if (error?.code === "otp_expired") throw new BackendError({ kind: "refused", code: WRONG_CODE });
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
    this.#rest.stop();
    const { error } = await this.#auth.signOut({ scope: where === "here" ? "local" : "global" });
    if (error) throw fromAuth(error);
  }

  /**
   * Sends a link to the new address, and one to the old; the address changes when both were opened.
   *
   * @returns whether it changed at once, as in a project that asks for no confirmation
   */
  async changeEmail(email: string): Promise<"sent" | "changed"> {
    const { data, error } = await this.#auth.updateUser({ email }, { emailRedirectTo: here() });
    if (error) throw fromAuth(error);
    return data.user.email?.toLowerCase() === email.toLowerCase() ? "changed" : "sent";
  }

  /** Signs in with the present password first: whoever finds an open browser does not get the account. */
  async changePassword(email: string, present: string, next: string): Promise<void> {
    const { error } = await this.#auth.signInWithPassword({ email, password: present });
    if (error?.code === "invalid_credentials") throw new BackendError({ kind: "refused", code: WRONG_PASSWORD });
    if (error) throw fromAuth(error);
    await this.setPassword(next);
  }

  /** With the fleets in which nobody else is; broken off and begun again, it goes on where it was. */
  async deleteAccount(tell: (done: number) => void): Promise<void> {
    await this.#rest.writePieces(() => this.#rest.client.rpc("delete_account"), tell);
  }

  async sendPasswordReset(email: string): Promise<void> {
    const { error } = await this.#auth.resetPasswordForEmail(email, { redirectTo: here() });
    if (error) throw fromAuth(error);
  }

  async setPassword(password: string): Promise<void> {
    const { error } = await this.#auth.updateUser({ password });
    if (error) throw fromAuth(error);
  }
}

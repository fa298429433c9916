import type { Visitor } from "../data/auth.ts";
import type { Backend } from "../data/backend.ts";
import { forgetAll } from "../data/lastKnown.ts";
import { notices } from "../ui/notices.svelte.ts";
import { router } from "../ui/router.svelte.ts";
import { links } from "../ui/routes.ts";
import { texts } from "../ui/texts.ts";

export type AccountState =
  | { state: "starting" }
  /** offerLink: a mail's link did not work, so another one is offered */
  | { state: "signed_out"; notice: string | null; offerLink: boolean }
  | { state: "new_password"; user: Visitor }
  | { state: "signed_in"; user: Visitor };

/** Where a person wanted to go before the way led through their mailbox. */
const NEXT_KEY = "next-page";

/** What a mail link brought back in the address, read before the auth client clears it. */
export function readLinkError(hash: string): string | null {
  const reply = new URLSearchParams(hash.replace(/^#\/?/, ""));
  const code = reply.get("error_code") ?? reply.get("error");
  if (!code) return null;
  if (code === "otp_expired") return texts.account.linkUsed;
  return texts.account.linkFailed(reply.get("error_description") ?? code);
}

/** Whether the address is a mail link's reply and not one of the portal's pages. */
export function isLinkReply(hash: string): boolean {
  return /[#&](access_token|error|error_code|message)=/.test(hash);
}

/** Who looks at the page. Routes are followed only once this has left "starting". */
export class Account {
  current: AccountState = $state.raw({ state: "starting" });
  #backend: Backend;
  #linkError: string | null;
  #leaving = false;

  constructor(backend: Backend, initialHash: string) {
    this.#backend = backend;
    this.#linkError = readLinkError(initialHash);
    const cameByLink = isLinkReply(initialHash);
    const reply = new URLSearchParams(initialHash.replace(/^#\/?/, ""));
    // One of the two links of a changed address was opened.
    const half = reply.has("message") ? texts.ownAccount.emailHalf : null;
    const offline = backend.auth.visitorOffline;
    if (offline) this.current = { state: "signed_in", user: offline };
    backend.auth.onVisitor((event, user) => {
      if (event === "PASSWORD_RECOVERY" && user) {
        this.current = { state: "new_password", user };
      } else if (user) {
        const known = this.current.state === "new_password" || (this.current.state === "signed_in" && this.current.user.id === user.id);
        if (known) {
          if (this.current.state === "signed_in" && this.current.user.email !== user.email) this.current = { state: "signed_in", user };
          return;
        }
        const arriving = this.current.state === "signed_out" || cameByLink;
        this.current = { state: "signed_in", user };
        if (arriving) this.#goOn();
        if (half) notices.say(half);
        if (reply.get("type") === "email_change") notices.say(texts.ownAccount.emailChanged(user.email));
      } else {
        const wasIn = this.current.state === "signed_in" && !this.#leaving;
        this.#leaving = false;
        forgetAll();
        const notice = this.#linkError ?? half ?? (wasIn ? texts.account.ended : null);
        const offerLink = this.#linkError !== null;
        if (offerLink) router.replace(links.signIn());
        this.#linkError = null;
        this.current = { state: "signed_out", notice, offerLink };
      }
    });
  }

  /** Remembers the page to go on to after the mail link has been opened in this browser. */
  rememberNext(next: string): void {
    try {
      if (next) localStorage.setItem(NEXT_KEY, next);
    } catch {
      // Without storage the dashboard is the next page.
    }
  }

  async signOut(where: "here" | "everywhere" = "here"): Promise<void> {
    this.#leaving = true;
    const { hash } = router;
    try {
      await this.#backend.auth.signOut(where);
    } catch (error) {
      this.#leaving = false;
      throw error;
    }
    // Unless they have gone somewhere else meanwhile.
    if (router.hash === hash) router.replace(links.signIn());
  }

  /** After the new password is saved. */
  finishRecovery(): void {
    if (this.current.state !== "new_password") return;
    this.current = { state: "signed_in", user: this.current.user };
    router.replace(links.dashboard());
  }

  #goOn(): void {
    const { route } = router;
    let next = "next" in route ? route.next : "";
    try {
      next ||= localStorage.getItem(NEXT_KEY) ?? "";
      localStorage.removeItem(NEXT_KEY);
    } catch {
      // Without storage the dashboard is the next page.
    }
    if (next.startsWith("#/")) router.replace(next);
    else if ("next" in route || route.page === "not-found" || route.page === "confirm" || location.hash === "") router.replace(links.dashboard());
  }
}

import { FORBIDDEN, type Problem, type Unsaved, WRONG_CODE, WRONG_PASSWORD } from "../data/remote.ts";
import { limitWords } from "./limitWords.ts";
import { texts } from "./texts.ts";

export interface ProblemWords {
  /** What failed, in a sentence. */
  what: string;
  /** What is still true, and what to do. */
  hint: string;
}

/** Codes of a refusal that a person can do something about; other refusals come with the server's own sentence. */
const REFUSALS: Record<string, ProblemWords> = {
  ...Object.fromEntries(Object.entries(limitWords).map(([limit, what]) => [limit, { what, hint: texts.problems.refusedHint }])),
  [FORBIDDEN]: { what: texts.problems.forbidden, hint: texts.problems.forbiddenHint },
  ...Object.fromEntries(
    Object.entries({
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
      [WRONG_CODE]: texts.account.wrongCode,
      [WRONG_PASSWORD]: texts.ownAccount.wrongPassword,
    }).map(([code, what]) => [code, { what, hint: "" }]),
  ),
};

export function problemWords(problem: Problem): ProblemWords {
  const known = problem.kind === "refused" ? REFUSALS[problem.code ?? ""] : undefined;
  if (known) return known;
  const { what, hint } = usualWords(problem);
  return { what: problem.message ?? what, hint: problem.hint || hint };
}

function usualWords({ kind, subject, code }: Problem): ProblemWords {
  const { problems } = texts;
  const unread = subject ? problems.unread[subject] : null;
  switch (kind) {
    case "unreachable":
      return unread === null ? { what: problems.unreachable, hint: problems.tryAgain } : { what: unread, hint: problems.unreachableHint };
    case "signed_out":
      return { what: problems.signedOut, hint: problems.signedOutHint };
    case "refused":
      return { what: problems.fault, hint: problems.refusedHint };
    case "unsaved":
      return problems.unsaved[code as Unsaved];
    case "fault":
      return unread === null ? { what: problems.fault, hint: problems.signInFaultHint } : { what: unread, hint: problems.faultHint };
  }
}

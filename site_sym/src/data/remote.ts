/** What of the database a page asks for; ui/problemWords.ts has the sentence for each that could not be read. */
export type Subject = "planes" | "devices" | "months" | "days" | "sessions" | "fleets" | "members" | "invites" | "invite" | "meters" | "readings" | "voltages" | "assignments" | "completeness" | "maintenance" | "completions" | "programme" | "components" | "installations" | "activity" | "reports" | "imports" | "import_rows";

/** What failed; ui/problemWords.ts says it, and what to do. */
export interface Problem {
  /** unsaved: a change that the server did not do, or of which nobody knows; doing it again is right and harmless. */
  kind: "unreachable" | "signed_out" | "refused" | "fault" | "unsaved";
  /** What could not be read; null where something was changed, or somebody wanted to sign in. */
  subject?: Subject | null;
  /** The server's own code, or ours: FORBIDDEN, WRONG_CODE, WRONG_PASSWORD, and how far a change got. */
  code?: string;
  /** The server's own sentence, where it refused with a reason; or a page's, which knows more about what failed. */
  message?: string;
  hint?: string;
}

/** The visitor's role does not allow it. */
export const FORBIDDEN = "42501";
/** A mail's code that is wrong, used or too old. */
export const WRONG_CODE = "wrong_code";
/** Not the present password. */
export const WRONG_PASSWORD = "wrong_password";
/** How far an unsaved change got: it was never sent, the server says that it failed, or there was no answer. */
export type Unsaved = "offline" | "failed" | "unanswered";

/** Something that lives in the database, as a page knows it. What was there stays while it reloads or fails to. */
export type Remote<T> =
  | { state: "loading" }
  | { state: "error"; problem: Problem }
  | { state: "empty"; problem: Problem | null }
  | { state: "data"; data: T; problem: Problem | null };

/** A failed call to the database or to auth. */
export class BackendError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message ?? problem.code ?? problem.kind);
    this.name = "BackendError";
    this.problem = problem;
  }
}

/** The problem behind a caught error; anything that is not a failed call is a fault of ours and goes on being thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof BackendError) return error.problem;
  throw error;
}

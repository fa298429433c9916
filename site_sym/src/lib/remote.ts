/** What failed, what is still true, what to do. */
export interface Problem {
  /** unsaved: a change that the server did not do, or of which nobody knows; doing it again is right and harmless. */
  kind: "unreachable" | "signed_out" | "refused" | "fault" | "unsaved";
  what: string;
  hint: string;
  /** The server's own code, where it gave one. */
  code?: string;
}

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
    super(problem.what);
    this.name = "BackendError";
    this.problem = problem;
  }
}

/** The problem behind a caught error; anything that is not a failed call is a fault of ours and goes on being thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof BackendError) return error.problem;
  throw error;
}

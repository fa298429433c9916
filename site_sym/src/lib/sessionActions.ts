import type { Backend } from "./backend.ts";
import type { Annotation, Session } from "./model.ts";
import { notices } from "./notices.svelte.ts";
import { saidOf, toEntry } from "./sessionEdits.ts";

/** Says something about a session, and offers to take just that back. */
export async function annotateWithUndo(
  backend: Backend,
  session: Session,
  said: Annotation,
  text: string,
  onChange: () => Promise<void>,
): Promise<void> {
  const before = saidOf(session);
  const names = Object.keys(said) as (keyof Annotation)[];
  await backend.annotate(session.id, said);
  await onChange();
  notices.say(text, async () => {
    if (session.annotatedAt === null) await backend.deleteAnnotation(session.id);
    else await backend.annotate(session.id, only(names, before));
    await onChange();
  });
}

/** Says the same about several sessions, in one request, and offers to take just that back. */
export async function annotateAllWithUndo(
  backend: Backend,
  sessions: Session[],
  said: Annotation,
  text: string,
  onChange: () => Promise<void>,
): Promise<void> {
  const names = Object.keys(said) as (keyof Annotation)[];
  // By device, as every bulk edit does it: two of them do not wait for each other.
  const inOrder = sessions.toSorted((one, other) => (one.deviceUuid ?? "").localeCompare(other.deviceUuid ?? ""));
  await backend.annotateAll(inOrder.map(({ id }) => ({ sessionId: id, said })));
  await onChange();
  notices.say(text, async () => {
    const [untouched, annotated] = [inOrder.filter(({ annotatedAt }) => annotatedAt === null), inOrder.filter(({ annotatedAt }) => annotatedAt !== null)];
    if (untouched.length > 0) await backend.deleteAnnotations(untouched.map(({ id }) => id));
    if (annotated.length > 0) await backend.annotateAll(annotated.map((session) => ({ sessionId: session.id, said: only(names, saidOf(session)) })));
    await onChange();
  });
}

function only(names: (keyof Annotation)[], said: Annotation): Annotation {
  return Object.fromEntries(names.map((name) => [name, said[name]]));
}

/** Deletes a hand-entered session, and offers to bring it back under the same identity. */
export async function deleteWithUndo(backend: Backend, session: Session, text: string, onChange: () => Promise<void>): Promise<void> {
  const entry = toEntry(session);
  if (entry === null) throw new Error("Only hand-entered sessions can be deleted.");
  await backend.deleteAnnotation(session.id);
  await onChange();
  notices.say(text, async () => {
    await backend.enterSession(session.id, entry);
    if (session.excluded) await backend.annotate(session.id, { excluded: true });
    await onChange();
  });
}

import type { Backend } from "../data/backend.ts";
import type { Annotation, LogEntry, Session } from "../data/rows.ts";
import { notices } from "../ui/notices.svelte.ts";
import { texts } from "../ui/texts.ts";
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
  await backend.sessions.annotate(session.session_id, said);
  await onChange();
  notices.say(text, async () => {
    if (session.annotated_at === null) await backend.sessions.deleteAnnotation(session.session_id);
    else await backend.sessions.annotate(session.session_id, only(names, before));
    await onChange();
  });
}

/** Says the same about several sessions, in one request, and offers to take just that back. */
export async function annotateAllWithUndo(
  backend: Backend,
  sessions: LogEntry[],
  said: Annotation,
  text: string,
  onChange: () => Promise<void>,
): Promise<void> {
  const names = Object.keys(said) as (keyof Annotation)[];
  // By device, as every bulk edit does it: two of them do not wait for each other.
  const inOrder = sessions.toSorted((one, other) => (one.device_uuid ?? "").localeCompare(other.device_uuid ?? ""));
  await backend.sessions.annotateAll(inOrder.map(({ entry_id }) => ({ sessionId: entry_id, said })));
  await onChange();
  notices.say(text, () => takeBack(backend, inOrder, names, onChange));
}

/** Makes the suggested class of each its class, and offers to take just that back. */
export async function acceptWithUndo(backend: Backend, entries: LogEntry[], onChange: () => Promise<void>): Promise<void> {
  const suggested = entries.filter(({ suggested_class }) => suggested_class !== null);
  const count = await backend.sessions.acceptSuggestedClasses(suggested.map(({ entry_id }) => entry_id));
  await onChange();
  // Where somebody was faster with another class, that is not taken back.
  const isOurs = count === suggested.length;
  notices.say(texts.engine.accepted(count), isOurs ? () => takeBack(backend, suggested, ["class"], onChange) : null);
}

/** What is said under these names becomes what it was. */
async function takeBack(backend: Backend, entries: LogEntry[], names: (keyof Annotation)[], onChange: () => Promise<void>): Promise<void> {
  const sessions = entries.filter(({ kind }) => kind === "session");
  const [untouched, annotated] = [sessions.filter(({ annotated_at }) => annotated_at === null), sessions.filter(({ annotated_at }) => annotated_at !== null)];
  if (untouched.length > 0) await backend.sessions.deleteAnnotations(untouched.map(({ entry_id }) => entry_id));
  if (annotated.length > 0) await backend.sessions.annotateAll(annotated.map((session) => ({ sessionId: session.entry_id, said: only(names, saidOf(session)) })));
  const merged = entries.filter(({ kind }) => kind === "merged");
  if (merged.length > 0) await backend.entries.annotate(merged.map((entry) => ({ entry_id: entry.entry_id, kind: entry.kind, ...only(names, saidOf(entry)) })));
  await onChange();
}

function only(names: (keyof Annotation)[], said: Annotation): Annotation {
  return Object.fromEntries(names.map((name) => [name, said[name]]));
}

/** Deletes a hand-entered session, and offers to bring it back under the same identity. */
export async function deleteWithUndo(backend: Backend, session: Session, text: string, onChange: () => Promise<void>): Promise<void> {
  const entry = toEntry(session);
  if (entry === null) throw new Error("Only hand-entered sessions can be deleted.");
  await backend.sessions.deleteAnnotation(session.session_id);
  await onChange();
  notices.say(text, async () => {
    await backend.sessions.enter(session.session_id, entry);
    if (session.excluded) await backend.sessions.annotate(session.session_id, { excluded: true });
    await onChange();
  });
}

import type { Backend } from "../data/backend.ts";
import type { Merged } from "../data/entries.ts";
import type { EntryAnnotation, LogEntry, SessionPart } from "../data/rows.ts";
import { notices } from "../ui/notices.svelte.ts";
import { entryTexts } from "./texts.ts";

type Changed = () => Promise<void>;
type MergedEntry = Pick<LogEntry, "entry_id" | "class" | "pilot" | "remarks">;

/** Makes one entry of several sessions, and offers to take that back. */
export async function mergeWithUndo(backend: Backend, entryId: string, sessionIds: string[], said: Merged, onChange: Changed): Promise<void> {
  await backend.entries.merge(entryId, sessionIds, said);
  await onChange();
  notices.say(entryTexts.merge.merged(sessionIds.length), async () => {
    await backend.entries.unmerge(entryId);
    await onChange();
  });
}

/** Under the same identity, and with what was said of it. */
async function mergeAgain(backend: Backend, { entry_id, class: named, pilot, remarks }: MergedEntry, sessionIds: string[]): Promise<void> {
  await backend.entries.merge(entry_id, sessionIds, { class: named, pilot, remarks });
  // What was left empty is not taken from the sessions this time.
  await backend.entries.annotate([{ entry_id, kind: "merged", class: named, pilot, remarks }]);
}

/** Lets the sessions of a merged entry stand by themselves, and offers to merge them again. */
export async function unmergeWithUndo(backend: Backend, entry: MergedEntry, onChange: Changed): Promise<void> {
  // Those that are elsewhere now come back with the others.
  const sessionIds = await backend.entries.merged(entry.entry_id);
  await backend.entries.unmerge(entry.entry_id);
  await onChange();
  notices.say(entryTexts.merge.unmerged(sessionIds.length), async () => {
    await mergeAgain(backend, entry, sessionIds);
    await onChange();
  });
}

export async function addWithUndo(backend: Backend, entryId: string, sessionIds: string[], onChange: Changed): Promise<void> {
  await backend.entries.add(entryId, sessionIds);
  await onChange();
  notices.say(entryTexts.merge.added(sessionIds.length), async () => {
    await backend.entries.takeOut(entryId, sessionIds);
    await onChange();
  });
}

/** @param entry the merged entry, as it was before: with one session left there is none */
export async function takeOutWithUndo(backend: Backend, entry: MergedEntry, sessionId: string, onChange: Changed): Promise<void> {
  const before = await backend.entries.merged(entry.entry_id);
  await backend.entries.takeOut(entry.entry_id, [sessionId]);
  await onChange();
  notices.say(entryTexts.merge.takenOut, async () => {
    if (before.length > 2) await backend.entries.add(entry.entry_id, [sessionId]);
    else await mergeAgain(backend, entry, before);
    await onChange();
  });
}

/** @param before the parts that it had, none where it was whole */
export async function splitWithUndo(backend: Backend, sessionId: string, parts: SessionPart[], before: SessionPart[], onChange: Changed): Promise<void> {
  await backend.entries.split(sessionId, parts);
  await onChange();
  notices.say(before.length === 0 ? entryTexts.split.split(parts.length) : entryTexts.split.changed, async () => {
    if (before.length === 0) await backend.entries.join(sessionId);
    else await backend.entries.split(sessionId, before);
    await onChange();
  });
}

export async function joinWithUndo(backend: Backend, sessionId: string, onChange: Changed): Promise<void> {
  const before = await backend.entries.parts(sessionId);
  await backend.entries.join(sessionId);
  await onChange();
  notices.say(entryTexts.split.joined, async () => {
    await backend.entries.split(sessionId, before);
    await onChange();
  });
}

/** What an entry says under these names. */
function saidUnder(entry: LogEntry, said: EntryAnnotation): EntryAnnotation {
  return Object.fromEntries(Object.keys(said).map((name) => [name, entry[name as keyof EntryAnnotation]]));
}

/** Which of an entry's sessions are left out of the totals: a merged one says it of all of them. */
async function excludedBefore(backend: Backend, entry: LogEntry, said: EntryAnnotation): Promise<{ sessionId: string; said: { excluded: boolean } }[]> {
  if (said.excluded === undefined || entry.kind !== "merged") return [];
  const sessions = await backend.sessions.byId(entry.fleet_id, entry.session_ids);
  return sessions.map(({ session_id, excluded }) => ({ sessionId: session_id, said: { excluded } }));
}

/** Says the same about several entries, and offers to take just that back. */
export async function annotateEntriesWithUndo(backend: Backend, entries: LogEntry[], said: EntryAnnotation, text: string, onChange: Changed): Promise<void> {
  const excluded = (await Promise.all(entries.map((entry) => excludedBefore(backend, entry, said)))).flat();
  await backend.entries.annotate(entries.map(({ entry_id, kind }) => ({ entry_id, kind, ...said })));
  await onChange();
  notices.say(text, async () => {
    await backend.entries.annotate(entries.map((entry) => ({ entry_id: entry.entry_id, kind: entry.kind, ...saidUnder(entry, said) })));
    if (excluded.length > 0) await backend.sessions.annotateAll(excluded);
    await onChange();
  });
}

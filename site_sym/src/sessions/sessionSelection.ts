/** Which sessions of a list are ticked, by their ids. */
export interface Selection {
  ids: ReadonlySet<string>;
  /** The one that was ticked or unticked last: a range goes from there. */
  anchor: string | null;
}

export const NOTHING_SELECTED: Selection = { ids: new Set(), anchor: null };

/**
 * Ticks or unticks one, or with `isRange` all from the anchor to it.
 * @param shown the ids of the list, from top to bottom
 */
export function toggled({ ids, anchor }: Selection, shown: string[], id: string, isRange: boolean): Selection {
  const isOn = !ids.has(id);
  const [here, there] = [shown.indexOf(id), anchor === null ? -1 : shown.indexOf(anchor)];
  const range = isRange && there >= 0 ? shown.slice(Math.min(here, there), Math.max(here, there) + 1) : [id];
  const next = new Set(ids);
  for (const one of range) {
    if (isOn) next.add(one);
    else next.delete(one);
  }
  return { ids: next, anchor: id };
}

import type { Component } from "svelte";

// Any props: each part is kept under the function that fetches it, which knows what it takes.
type Part = Component<any>;
type Load<Found extends Part> = () => Promise<{ default: Found }>;

const arrived = new WeakMap<object, Part>();

/** A part that was fetched before, which can be drawn at once. */
export function arrivedPart<Found extends Part>(load: Load<Found>): Found | undefined {
  return arrived.get(load) as Found | undefined;
}

/** Fetches a part, and knows it from then on. */
export async function fetchPart<Found extends Part>(load: Load<Found>): Promise<Found> {
  const { default: part } = await load();
  arrived.set(load, part);
  return part;
}

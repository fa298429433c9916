/** A new random identity (version 4), also where the page is not from a secure address, which has no crypto.randomUUID. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] ?? 0) & 0x0f | 0x40;
  bytes[8] = (bytes[8] ?? 0) & 0x3f | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(GROUPS, "$1-$2-$3-$4-$5");
}

const GROUPS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;
const UUID = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/i;

/**
 * The device UUID in what a person pasted: the bare UUID, a line of the board's log, a registration link; any case,
 * with or without hyphens.
 * @returns the UUID in lower case with hyphens, or null where there is none.
 */
export function findUuid(text: string): string | null {
  const found = UUID.exec(text)?.[0].replaceAll("-", "").toLowerCase();
  return found ? found.replace(GROUPS, "$1-$2-$3-$4-$5") : null;
}

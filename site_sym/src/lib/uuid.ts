const UUID = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/i;

/**
 * The device UUID in what a person pasted: the bare UUID, a line of the board's log, a registration link; any case,
 * with or without hyphens.
 * @returns the UUID in lower case with hyphens, or null where there is none.
 */
export function findUuid(text: string): string | null {
  const found = UUID.exec(text)?.[0].replaceAll("-", "").toLowerCase();
  return found ? found.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") : null;
}

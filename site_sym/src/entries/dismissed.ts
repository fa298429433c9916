/** Suggestions that somebody said no to, in this browser, per fleet: they would come again with every visit. */

const STORAGE_KEY = "dismissed-merges";
/** More than the database suggests at once. */
const KEPT = 200;

function readAll(): Record<string, unknown> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}");
    return typeof stored === "object" && stored !== null ? { ...stored } : {};
  } catch {
    return {};
  }
}

export function dismissed(fleetId: string): ReadonlySet<string> {
  const keys = readAll()[fleetId];
  return new Set(Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : []);
}

/** @returns all that are dismissed now */
export function dismiss(fleetId: string, key: string): ReadonlySet<string> {
  const keys = [...dismissed(fleetId), key].slice(-KEPT);
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ ...readAll(), [fleetId]: keys }));
  } catch {
    // Storage is blocked: it is hidden until the page is left.
  }
  return new Set(keys);
}

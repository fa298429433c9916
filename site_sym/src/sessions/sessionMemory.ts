/** The filters that were last chosen on the sessions page, in this browser, per fleet. */

const STORAGE_KEY = "sessions-filters";

function readAll(): Record<string, unknown> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}");
    return typeof stored === "object" && stored !== null ? { ...stored } : {};
  } catch {
    return {};
  }
}

/** The query of the sessions page's address as it was remembered; empty where nothing was. */
export function rememberedQuery(fleetId: string): URLSearchParams {
  const query = readAll()[fleetId];
  return new URLSearchParams(typeof query === "string" ? query : "");
}

export function rememberQuery(fleetId: string, query: URLSearchParams): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ ...readAll(), [fleetId]: query.toString() }));
  } catch {
    // Storage is blocked: the address alone holds the filters.
  }
}

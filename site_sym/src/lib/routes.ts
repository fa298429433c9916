/** Every page is a hash route, so that a static server under any sub-path serves it. */

export type Route =
  | { page: "dashboard" }
  | { page: "planes" }
  | { page: "plane-new" }
  | { page: "plane"; id: string }
  | { page: "plane-edit"; id: string }
  | { page: "devices" }
  | { page: "device"; uuid: string }
  | { page: "device-register"; uuid: string }
  | { page: "sessions"; query: URLSearchParams }
  | { page: "sessions-print"; query: URLSearchParams }
  | { page: "review" }
  | { page: "timeline"; query: URLSearchParams }
  | { page: "settings" }
  | { page: "fleet" }
  | { page: "join"; token: string }
  | { page: "confirm"; type: LinkType; tokenHash: string }
  | { page: "sign-in"; next: string }
  | { page: "sign-up"; next: string }
  | { page: "forgot-password"; next: string }
  | { page: "not-found"; path: string };

/** What the links of our mails are for. */
const LINK_TYPES = ["signup", "recovery", "email_change"] as const;
export type LinkType = (typeof LINK_TYPES)[number];

export type PageName = Route["page"];

/** Without its escapes; a part that was cut off inside one stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The page that a location hash ("#/planes/…?…") names; an empty hash is the dashboard. */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const query = new URLSearchParams(search);
  const next = query.get("next") ?? "";
  const [first = "", second, third, ...rest] = path.split("/").filter(Boolean).map(decoded);
  if (rest.length > 0) return { page: "not-found", path };
  switch (first) {
    case "":
      return { page: "dashboard" };
    case "planes":
      if (second === undefined) return { page: "planes" };
      if (second === "new" && third === undefined) return { page: "plane-new" };
      if (third === undefined) return { page: "plane", id: second };
      if (third === "edit") return { page: "plane-edit", id: second };
      break;
    case "devices":
      if (second === undefined) return { page: "devices" };
      if (third !== undefined) break;
      if (second === "register") return { page: "device-register", uuid: query.get("uuid") ?? "" };
      return { page: "device", uuid: second };
    case "sessions":
      if (second === undefined) return { page: "sessions", query };
      if (third !== undefined) break;
      if (second === "print") return { page: "sessions-print", query };
      if (second === "review") return { page: "review" };
      if (second === "timeline") return { page: "timeline", query };
      break;
    case "fleet":
      if (second !== undefined) break;
      return { page: "fleet" };
    case "join":
      if (second === undefined || third !== undefined) break;
      return { page: "join", token: second };
    case "confirm": {
      const type = LINK_TYPES.find((name) => name === query.get("type"));
      const tokenHash = query.get("token_hash");
      if (second !== undefined || !type || !tokenHash) break;
      return { page: "confirm", type, tokenHash };
    }
    case "settings":
    case "sign-in":
    case "sign-up":
    case "forgot-password":
      if (second !== undefined) break;
      return first === "settings" ? { page: first } : { page: first, next };
  }
  return { page: "not-found", path };
}

function withQuery(path: string, parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  const search = query.toString();
  return search ? `${path}?${search}` : path;
}

/** The links of the portal, in one place. */
export const links = {
  dashboard: () => "#/",
  planes: () => "#/planes",
  newPlane: () => "#/planes/new",
  plane: (id: string) => `#/planes/${encodeURIComponent(id)}`,
  editPlane: (id: string) => `#/planes/${encodeURIComponent(id)}/edit`,
  devices: () => "#/devices",
  device: (uuid: string) => `#/devices/${encodeURIComponent(uuid)}`,
  registerDevice: (uuid?: string) => withQuery("#/devices/register", { uuid }),
  sessions: (filter: Record<string, string | undefined> = {}) => withQuery("#/sessions", filter),
  printSessions: (filter: Record<string, string | undefined> = {}) => withQuery("#/sessions/print", filter),
  review: () => "#/sessions/review",
  timeline: (period: { view?: string; date?: string } = {}) => withQuery("#/sessions/timeline", period),
  settings: () => "#/settings",
  fleet: () => "#/fleet",
  join: (token: string) => `#/join/${encodeURIComponent(token)}`,
  signIn: (next?: string) => withQuery("#/sign-in", { next }),
  signUp: (next?: string) => withQuery("#/sign-up", { next }),
  forgotPassword: (next?: string) => withQuery("#/forgot-password", { next }),
};

/** Every page is a hash route, so that a static server under any sub-path serves it. */

/** What the links of our e-mails are for. */
const LINK_TYPES = ["signup", "recovery", "email_change"] as const;
export type LinkType = (typeof LINK_TYPES)[number];

interface Row<Path extends string, Read> {
  path: Path;
  /** What the page takes from behind the "?"; null: the address is wrong. */
  read: (query: URLSearchParams) => Read | null;
}

function row<Path extends string, Read = object>(path: Path, read: Row<Path, Read>["read"] = () => ({}) as Read): Row<Path, Read> {
  return { path, read };
}

const whole = (query: URLSearchParams) => ({ query });
const next = (query: URLSearchParams) => ({ next: query.get("next") ?? "" });

function mailLink(query: URLSearchParams): { type: LinkType; tokenHash: string } | null {
  const type = LINK_TYPES.find((name) => name === query.get("type"));
  const tokenHash = query.get("token_hash");
  return type && tokenHash ? { type, tokenHash } : null;
}

/** The pages. A path that could be two is the first one's. */
const ROUTES = {
  dashboard: row(""),
  planes: row("planes"),
  "plane-new": row("planes/new"),
  plane: row("planes/:id", whole),
  "plane-edit": row("planes/:id/edit"),
  programme: row("planes/:id/programme"),
  components: row("components"),
  devices: row("devices"),
  "device-register": row("devices/register", (query) => ({ uuid: query.get("uuid") ?? "" })),
  device: row("devices/:uuid"),
  sessions: row("sessions", whole),
  "sessions-print": row("sessions/print", whole),
  review: row("sessions/review"),
  timeline: row("sessions/timeline", whole),
  import: row("sessions/import"),
  maintenance: row("maintenance", whole),
  "maintenance-print": row("maintenance/print", whole),
  settings: row("settings"),
  fleet: row("fleet"),
  years: row("years", whole),
  reports: row("reports"),
  report: row("reports/:id"),
  activity: row("activity", whole),
  join: row("join/:token"),
  confirm: row("confirm", mailLink),
  "sign-in": row("sign-in", next),
  "sign-up": row("sign-up", next),
  "forgot-password": row("forgot-password", next),
};

type Routes = typeof ROUTES;
type ParameterOf<Path> = Path extends `${infer Head}/${infer Rest}` ? ParameterOf<Head> | ParameterOf<Rest> : Path extends `:${infer Name}` ? Name : never;
type RouteTo<Page extends keyof Routes> = { page: Page } & Record<ParameterOf<Routes[Page]["path"]>, string> &
  NonNullable<ReturnType<Routes[Page]["read"]>>;

export type PageName = keyof Routes | "not-found";
export type Route = { [Page in keyof Routes]: RouteTo<Page> }[keyof Routes] | { page: "not-found"; path: string };

/** Without its escapes; a part that was cut off inside one stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function partsOf(path: string): string[] {
  return path.split("/").filter(Boolean);
}

/** What a path's parameters are in an address; null if it is another path. */
function matched(path: string, parts: string[]): Record<string, string> | null {
  const names = partsOf(path);
  if (names.length !== parts.length) return null;
  if (names.some((name, i) => !name.startsWith(":") && name !== parts[i])) return null;
  return Object.fromEntries(names.flatMap((name, i) => (name.startsWith(":") ? [[name.slice(1), parts[i] ?? ""]] : [])));
}

/** The page that a location hash ("#/planes/…?…") names; an empty hash is the dashboard. */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const query = new URLSearchParams(search);
  const parts = partsOf(path).map(decoded);
  for (const [page, route] of Object.entries(ROUTES)) {
    const parameters = matched(route.path, parts);
    if (parameters === null) continue;
    const read = route.read(query);
    if (read !== null) return { page, ...parameters, ...read } as Route;
    break;
  }
  return { page: "not-found", path };
}

function link(page: keyof Routes, parameters: Record<string, string> = {}, search: Record<string, string | undefined> = {}): string {
  const path = ROUTES[page].path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ""));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) if (value) query.set(name, value);
  return query.size > 0 ? `#/${path}?${query}` : `#/${path}`;
}

/** The links of the portal, in one place. */
export const links = {
  dashboard: () => link("dashboard"),
  planes: () => link("planes"),
  newPlane: () => link("plane-new"),
  /** A plane's page; with `reading: "new"` the form for what its meter shows is open. */
  plane: (id: string, open: { reading?: "new" } = {}) => link("plane", { id }, open),
  editPlane: (id: string) => link("plane-edit", { id }),
  programme: (planeId: string) => link("programme", { id: planeId }),
  components: () => link("components"),
  devices: () => link("devices"),
  device: (uuid: string) => link("device", { uuid }),
  registerDevice: (uuid?: string) => link("device-register", {}, { uuid }),
  sessions: (filter: Record<string, string | undefined> = {}) => link("sessions", {}, filter),
  printSessions: (filter: Record<string, string | undefined> = {}) => link("sessions-print", {}, filter),
  review: () => link("review"),
  timeline: (period: { view?: string; date?: string } = {}) => link("timeline", {}, period),
  import: () => link("import"),
  maintenance: (filter: Record<string, string | undefined> = {}) => link("maintenance", {}, filter),
  printMaintenance: (filter: Record<string, string | undefined> = {}) => link("maintenance-print", {}, filter),
  settings: () => link("settings"),
  fleet: () => link("fleet"),
  years: (filter: { year?: string } = {}) => link("years", {}, filter),
  reports: () => link("reports"),
  /** A report by its identity, or what a month's would say: "2026-10". */
  report: (id: string) => link("report", { id }),
  activity: (of: { plane?: string; session?: string } = {}) => link("activity", {}, of),
  join: (token: string) => link("join", { token }),
  signIn: (next?: string) => link("sign-in", {}, { next }),
  signUp: (next?: string) => link("sign-up", {}, { next }),
  forgotPassword: (next?: string) => link("forgot-password", {}, { next }),
};

export interface Config {
  supabaseUrl: string;
  supabaseKey: string;
}

export type ConfigProblem =
  | { code: "missing"; status: number }
  | { code: "unreachable" }
  | { code: "not_json" }
  | { code: "wrong_value"; key: keyof Config; expected: string }
  | { code: "secret_key" }
  | { code: "policy"; origin: string; allowed: string };

export type ConfigResult = { ok: true; config: Config } | { ok: false; problem: ConfigProblem };

/** Checks what config.json holds. */
export function checkConfig(value: unknown): ConfigResult {
  const { supabaseUrl, supabaseKey } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof supabaseUrl !== "string" || !URL.canParse(supabaseUrl) || !/^https?:$/.test(new URL(supabaseUrl).protocol)) {
    return { ok: false, problem: { code: "wrong_value", key: "supabaseUrl", expected: "https://<project>.supabase.co" } };
  }
  if (typeof supabaseKey === "string" && supabaseKey.startsWith("sb_secret_")) return { ok: false, problem: { code: "secret_key" } };
  if (typeof supabaseKey !== "string" || supabaseKey === "") {
    return { ok: false, problem: { code: "wrong_value", key: "supabaseKey", expected: "sb_publishable_…" } };
  }
  return { ok: true, config: { supabaseUrl: supabaseUrl.replace(/\/+$/, ""), supabaseKey } };
}

/** Whether a Content-Security-Policy lets a page of `pageOrigin` talk to `origin`. */
export function policyAllows(policy: string, origin: string, pageOrigin: string): boolean {
  const sources = /(?:^|;)\s*connect-src\s+([^;]*)/.exec(policy)?.[1]?.trim().split(/\s+/);
  if (!sources) return true;
  return sources.some((source) => source === origin || (source === "'self'" && origin === pageOrigin));
}

/** Reads config.json beside index.html and checks that this build may talk to what it names. */
export async function readConfig(): Promise<ConfigResult> {
  let response: Response;
  try {
    response = await fetch("./config.json", { cache: "no-cache" });
  } catch {
    return { ok: false, problem: { code: "unreachable" } };
  }
  if (!response.ok) return { ok: false, problem: { code: "missing", status: response.status } };
  let value: unknown;
  try {
    value = await response.json();
  } catch {
    return { ok: false, problem: { code: "not_json" } };
  }
  const result = checkConfig(value);
  if (!result.ok) return result;
  const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute("content") ?? "";
  const { origin } = new URL(result.config.supabaseUrl);
  if (!policyAllows(policy, origin, location.origin)) {
    const allowed = /connect-src ([^;]*)/.exec(policy)?.[1] ?? "";
    return { ok: false, problem: { code: "policy", origin, allowed } };
  }
  return result;
}

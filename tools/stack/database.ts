// The database as a hosted project has it: roles, schema `auth`, and the project's migrations.

import { App, type EmailDriver, ensureHistoryTable, splitSqlStatements } from "@supabase/lite";
import { createPostgresConnection, type PostgresConnection } from "@supabase/lite/postgres";
import { KnownError } from "./channel.ts";

export type DatabaseConfig = {
  databaseUrl: string;
  migrationsFolder: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  /** `[api]` and `[auth]` of supabase/config.toml, as far as they apply here. */
  api: Record<string, unknown>;
  auth: Record<string, unknown>;
};

// Two processes that prepare the same database take turns.
const PREPARE_LOCK = 7_236_401;

// Without this, lite grants everything to everybody at the first request, which hides missing grants.
// Roles belong to the whole server, so another database's preparation may create them at the same moment.
const ROLES = `
do $$
declare
  missing text;
begin
  foreach missing in array array['anon nologin noinherit', 'authenticated nologin noinherit',
                                 'service_role nologin noinherit bypassrls'] loop
    if not exists (select from pg_roles where rolname = split_part(missing, ' ', 1)) then
      begin
        execute 'create role ' || missing;
      exception when duplicate_object or unique_violation then
        null;
      end;
    end if;
  end loop;
  if not (select rolsuper from pg_roles where rolname = current_user) then
    grant anon, authenticated, service_role to current_user;
  end if;
end $$;
create schema if not exists auth;
grant usage on schema public, auth to anon, authenticated, service_role;
`;

// lite sets one setting per claim; hosted Supabase reads both forms, and so do tests on plain Postgres.
const AUTH_HELPERS = `
create or replace function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb
$$;
create or replace function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt() ->> 'sub')::uuid
$$;
create or replace function auth.role() returns text language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), auth.jwt() ->> 'role')
$$;
create or replace function auth.email() returns text language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.email', true), ''), auth.jwt() ->> 'email')
$$;
`;

/** Postgres writes "2026-01-01 00:00:00+00"; PostgREST, and every client, expects "2026-01-01T00:00:00+00:00". */
function isoTime(text: string): string {
  return text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
}

function json(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Of `bigint[]`; the driver's own parser takes a null in it for a number's text. */
function bigints(text: string): (number | null)[] {
  return JSON.parse(`[${text.slice(1, -1).toLowerCase()}]`);
}

export function connect(databaseUrl: string): PostgresConnection {
  const connection = createPostgresConnection({
    url: databaseUrl,
    postgresOptions: {
      onnotice: () => {},
      types: {
        timestamptz: { to: 1184, from: [1184], serialize: (value: unknown) => value, parse: isoTime },
        timestamp: { to: 1114, from: [1114], serialize: (value: unknown) => value, parse: isoTime },
        bigints: { to: 1016, from: [1016], serialize: (value: unknown) => value, parse: bigints },
        json: { to: 114, from: [114], serialize: json, parse: JSON.parse },
        jsonb: { to: 3802, from: [3802], serialize: json, parse: JSON.parse },
      },
    },
  });
  Object.defineProperties(connection, {
    // Says "roles and grants are set up": the private method would otherwise grant ALL to everybody.
    ensureRlsContext: { value: () => Promise.resolve(true) },
  });
  return connection;
}

export function createApp(
  connection: PostgresConnection,
  config: DatabaseConfig,
  url: string,
  email: EmailDriver,
): App {
  return new App({
    connection,
    api: { ...config.api, schemas: ["public"] },
    auth: {
      ...config.auth,
      enabled: true,
      site_url: url,
      additional_redirect_urls: [url],
      jwt_secret: config.jwtSecret,
      publishable_key: config.publishableKey,
      secret_key: config.secretKey,
    },
    options: { server: { admin: false }, drivers: { email } },
  });
}

/**
 * Roles, schema `auth` and the migrations that the database does not have yet.
 *
 * @returns the versions applied now, in order
 * @throws KnownError naming the file, the line and what Postgres said
 */
export async function prepare(app: App, connection: PostgresConnection, migrationsFolder: string): Promise<string[]> {
  const turn = await connection.driver.reserve();
  try {
    await turn`select pg_advisory_lock(${PREPARE_LOCK})`;
    const hosted = await turn`select from pg_roles where rolname = 'supabase_auth_admin'`;
    if (hosted.length > 0) {
      throw new KnownError(
        "This database belongs to a Supabase project, which has an auth service of its own. " +
          "Use a plain PostgreSQL here, or deploy to the project.",
      );
    }
    await connection.driver.unsafe(ROLES);
    await app.ensureSystemSchema();
    await connection.driver.unsafe(AUTH_HELPERS);
    return await migrate(connection, migrationsFolder);
  } finally {
    await turn`select pg_advisory_unlock(${PREPARE_LOCK})`;
    turn.release();
  }
}

type Migration = { version: string; name: string; file: string };

/** The folder's migrations in the order in which `supabase db push` applies them. */
function migrations(folder: string): Migration[] {
  let files: Deno.DirEntry[];
  try {
    files = [...Deno.readDirSync(folder)];
  } catch (error) {
    throw new KnownError(`Cannot read the migrations in ${folder}: ${(error as Error).message}`);
  }
  return files
    .flatMap(({ name: file }) => {
      const [, version, name] = /^(\d+)_(.*)\.sql$/.exec(file) ?? [];
      return version ? [{ version, name, file }] : [];
    })
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

async function migrate(connection: PostgresConnection, folder: string): Promise<string[]> {
  await ensureHistoryTable(connection);
  const known = new Map<string, string[] | null>(
    (await connection.driver`select version, statements from supabase_migrations.schema_migrations order by version`)
      .map((row) => [row.version, row.statements]),
  );
  const local = migrations(folder).map((migration) => ({
    ...migration,
    path: `${folder}/${migration.file}`,
    text: Deno.readTextFileSync(`${folder}/${migration.file}`),
  }));
  const missing = local.filter(({ version }) => !known.has(version));
  refuseAnother(known, local, folder);
  // All of them or none: half of a schema serves nobody.
  await connection.driver.begin(async (transaction) => {
    for (const { version, name, path, text } of missing) {
      try {
        await transaction.unsafe(text);
        await transaction`
          insert into supabase_migrations.schema_migrations (version, name, statements)
          values (${version}, ${name}, ${splitSqlStatements(text)})`;
      } catch (error) {
        throw new KnownError(`Migration ${path}${explain(error, text)}`);
      }
    }
  });
  return missing.map(({ version }) => version);
}

/** Refuses a database that was not made by these migrations, or not by a part of them from the first one on. */
function refuseAnother(
  known: Map<string, string[] | null>,
  local: { version: string; path: string; text: string }[],
  folder: string,
): void {
  const foreign = [...known.keys()].find((version) => !local.some((migration) => migration.version === version));
  const changed = local.find(({ version, text }) => {
    const applied = known.get(version);
    return applied && essence(applied.join("")) !== essence(text);
  });
  const last = [...known.keys()].at(-1) ?? "";
  const skipped = local.find(({ version }) => !known.has(version) && version < last);
  if (foreign && !changed && foreign > (local.at(-1)?.version ?? "")) {
    throw new KnownError(
      `The database has migration ${foreign}, which ${folder} has not: it was made by a newer version. ` +
        "Update this one, or start with an empty database (--fresh). Nothing was changed.",
    );
  }
  const difference = changed
    ? `its migration ${changed.version} is not that of ${changed.path}`
    : foreign
    ? `it has migration ${foreign}, which ${folder} has not`
    : skipped && `it lacks migration ${skipped.version} and has later ones`;
  if (difference) {
    throw new KnownError(
      `The database was made by another commit of this project, as a rule an earlier one (${difference}), and cannot be ` +
        "carried over. Start with an empty one (--fresh throws the old data away), or run that commit. Nothing was changed.",
    );
  }
}

/** What is left of SQL when it was cut into statements: lite and the Supabase CLI record it without the ends of them. */
function essence(sql: string): string {
  return sql.replace(/[ \t\r\n;]+/g, "");
}

/** ", line 12: relation "plane" does not exist (42P01)". */
function explain(error: unknown, text: string): string {
  const { message, code, position, detail, hint } = error as Record<string, string | undefined>;
  const line = position ? `, line ${text.slice(0, Number(position) - 1).split("\n").length}` : "";
  const more = [detail, hint].filter(Boolean).map((part) => ` ${part}`).join("");
  return `${line}: ${message}${code ? ` (${code})` : ""}${more}`;
}

// Prepares a database and ends: what server.ts does at its start, for databases that are cloned afterwards.

import { emit, fail, receive } from "./channel.ts";
import { connect, createApp, type DatabaseConfig, prepare } from "./database.ts";

const { config } = await receive<DatabaseConfig>();
const connection = connect(config.databaseUrl);
try {
  const app = createApp(connection, config, "http://127.0.0.1", { send: () => Promise.resolve() });
  emit({ event: "ready", url: "", applied: await prepare(app, connection, config.migrationsFolder) });
  Deno.exit(0);
} catch (error) {
  fail(error);
}

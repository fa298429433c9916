import type { Plugin } from "vite";

/** Of the auth client: wallets and passkeys. The portal signs in by password and mail. */
const UNUSED = /\/auth-js\/dist\/module\/lib\/(web3\/ethereum|webauthn)\.js$/;

/** Leaves what nobody calls out of the first script, a twentieth of which it would be. Calling it would throw. */
export function withoutUnusedAuth(): Plugin {
  return {
    name: "without-unused-auth",
    apply: "build",
    transform(code, id) {
      if (!UNUSED.test(id)) return undefined;
      const names = [...code.matchAll(/^export (?:async function|function|class|const) (\w+)/gm)].map(([, name]) => name);
      const stubs = names.map((name) => `export class ${name} {}`);
      if (stubs.length === 0) throw new Error(`${id} exports nothing in the way that auth.build.ts expects.`);
      return { code: stubs.join("\n"), map: null };
    },
  };
}

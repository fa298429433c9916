import process from "node:process";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

import { withoutUnusedAuth } from "./auth.build.ts";
import { fonts } from "./fonts.build.ts";
import { writeServiceWorker } from "./service-worker.build.ts";

/**
 * The project that a build is for: its address goes into the Content-Security-Policy and, with the publishable key,
 * into config.json. Without SUPABASE_URL the page may talk only to the server that it came from, which then has to
 * answer /config.json itself, as the local stack does.
 */
function supabaseProject(url: string | undefined, key: string | undefined): Plugin {
  return {
    name: "supabase-project",
    apply: "build",
    configResolved() {
      if (Boolean(url) !== Boolean(key)) {
        throw new Error("Set both SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY, or neither (then the server has to answer /config.json).");
      }
      if (key?.startsWith("sb_secret_")) {
        throw new Error("SUPABASE_PUBLISHABLE_KEY is a secret key, which everybody who opens the page could read. Set the publishable one.");
      }
    },
    transformIndexHtml(html) {
      if (!url) return html;
      const { origin, host, protocol } = new URL(url);
      const socket = `${protocol === "http:" ? "ws" : "wss"}://${host}`;
      return html.replace("connect-src 'self'", `connect-src 'self' ${origin} ${socket}`);
    },
    generateBundle() {
      if (!url) return;
      const config = { supabaseUrl: url.replace(/\/+$/, ""), supabaseKey: key };
      this.emitFile({ type: "asset", fileName: "config.json", source: `${JSON.stringify(config, null, 2)}\n` });
    },
  };
}

/** The service worker comes last: it names every file of the build with its hash. */
function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    writeBundle({ dir }) {
      if (dir !== undefined) writeServiceWorker(dir);
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [svelte(), fonts(), withoutUnusedAuth(), supabaseProject(process.env.SUPABASE_URL, process.env.SUPABASE_PUBLISHABLE_KEY), serviceWorker()],
  // What reads workbooks is fetched only for a workbook.
  worker: { format: "es" },
  build: {
    // Fonts and pictures stay files: the policy allows no data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    // What the first page needs is one script and one style sheet: two dozen small files each cost a phone a round trip.
    // All styles are in that sheet: a part that failed to load can be asked for again as one file.
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] } } },
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
  },
});

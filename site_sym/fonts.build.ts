import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

import subsetFont from "subset-font";
import type { Plugin } from "vite";

const require = createRequire(import.meta.url);
const STYLES = join(import.meta.dirname, "src", "styles", "fonts.css");
/** Beside the packages: made of them, and made again by every build. */
const FOLDER = join(import.meta.dirname, "node_modules", ".fonts");
const SOURCES: Record<string, string> = {
  "text-latin": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "text-latin-more": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
};
/** The weights between which the styles choose; of its features the tabular figures, and what is on by itself: kerning, marks, contextual forms. */
const WEIGHTS = { wght: { min: 400, max: 700 } };
const FEATURES = ["ccmp", "locl", "mark", "mkmk", "kern", "calt", "tnum"];

/** The characters of a unicode-range: "U+0020-007E, U+20AC". */
function characters(range: string): string {
  return range
    .split(",")
    .flatMap((part) => {
      const [first = 0, last = first] = part.trim().replace("U+", "").split("-").map((code) => Number.parseInt(code, 16));
      return Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));
    })
    .join("");
}

async function writeFonts(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  for (const [, name = "", range = ""] of readFileSync(STYLES, "utf8").matchAll(/@fonts\/([\w-]+)\.woff2[^}]*unicode-range:([^;]+);/g)) {
    const source = SOURCES[name];
    if (source === undefined) throw new Error(`fonts.css names ${name}.woff2, which fonts.build.ts does not make.`);
    const font = await subsetFont(readFileSync(require.resolve(source)), characters(range), {
      targetFormat: "woff2",
      variationAxes: WEIGHTS,
      keepFeatures: FEATURES,
    });
    // Another build may be reading it.
    const file = join(FOLDER, `${name}.woff2`);
    writeFileSync(`${file}.${process.pid}`, font);
    renameSync(`${file}.${process.pid}`, file);
  }
}

/** Makes the fonts that `@fonts` means in styles: each a part of a font of a package, cut to the characters of its face. */
export function fonts(): Plugin {
  return {
    name: "fonts",
    config: () => ({ resolve: { alias: { "@fonts": FOLDER } } }),
    buildStart: writeFonts,
  };
}

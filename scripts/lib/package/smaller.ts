/**
 * Makes a bundle of esbuild smaller with terser, which also removes and joins statements: 5 KB less of `mod.js`, which
 * every cold start reads.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { minify } from "terser";

/**
 * Rewrites an ES module and the source map beside it. Not for CommonJS: terser removes the dead code that tells Node the
 * names of the exports.
 */
export async function makeSmaller(path: string, longestLine: number): Promise<void> {
  const { code = "", map = "" } = await minify(readFileSync(path, "utf8"), {
    module: true,
    ecma: 2022,
    // Functions without `this` become arrows. Nothing calls one of them with `new`.
    compress: { passes: 3, unsafe_arrows: true },
    format: { max_line_len: longestLine },
    sourceMap: { content: readFileSync(`${path}.map`, "utf8"), includeSources: true },
  });
  writeFileSync(path, code);
  writeFileSync(`${path}.map`, String(map));
}

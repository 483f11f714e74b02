/**
 * Makes a bundle of esbuild smaller with terser, which also removes and joins statements, and shortens names: 6 KB less of
 * `mod.js`, which every cold start reads.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { minify } from "terser";

/**
 * Long names of properties that never leave the module: no caller passes, gets or reads an object with one of them. They
 * become short. A name of the public interface must not be here, and none that `shared.js` uses on an object of the module:
 * see src/wasm/commit_pages.ts.
 */
const INTERNAL = [
  "assertChangeable",
  "assertOpen",
  "assertSound",
  "assertWritable",
  "behaviour",
  "changesFrom",
  "congestion",
  "endsWithThread",
  "expiresMs",
  "lowerIncluded",
  "modifiedMs",
  "newestFrom",
  "observer",
  "replyLength",
  "replyNumber",
  "restoreVersion",
  "settledVersion",
  "staleAfterMs",
  "toPublic",
  "upperIncluded",
  "versionsToKeep",
  "wholeFrom",
  "writeVersion",
];

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
    mangle: { properties: { regex: new RegExp(`^(?:${INTERNAL.join("|")})$`) } },
    format: { max_line_len: longestLine },
    sourceMap: { content: readFileSync(`${path}.map`, "utf8"), includeSources: true },
  });
  writeFileSync(path, code);
  writeFileSync(`${path}.map`, String(map));
}

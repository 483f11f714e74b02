/**
 * The path of the engine's file, in the package and in the sources.
 *
 * @module
 */

import { resolve } from "node:path";

/**
 * The path of the engine's file relative to this one: as a source file, and as part of `lib/mod.js` or `lib/mod.cjs`.
 */
const [FROM_SOURCE, FROM_PACKAGE] = ["../../../engine/luge_engine.wasm", "../../engine/luge_engine.wasm"];

interface DenoApi {
  readonly permissions?: { querySync(permission: { name: "read"; path: string }): { readonly state: string } };
}

/**
 * The expected path of the engine's file. The file may be missing, because a bundler moves this code elsewhere.
 * `undefined` if the runtime does not know the path of its code, and if Deno would ask the user for permission to read
 * the file.
 */
export function artefactFile(): string | undefined {
  let filename: string | undefined;
  try {
    // Within `try`, esbuild does not warn that a CommonJS bundle has no `import.meta`.
    filename = (import.meta as { readonly filename?: string }).filename;
  } catch {
    return undefined;
  }
  if (filename === undefined) return undefined;
  const file = resolve(filename, filename.endsWith("artefact_file.ts") ? FROM_SOURCE : FROM_PACKAGE);
  const { permissions } = (globalThis as { Deno?: DenoApi }).Deno ?? {};
  const isReadable = !permissions || permissions.querySync({ name: "read", path: file }).state === "granted";
  return isReadable ? file : undefined;
}

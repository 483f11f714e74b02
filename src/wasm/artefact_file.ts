/**
 * Where the engine's file is: in the package and in the sources.
 *
 * @module
 */

import { resolve } from "node:path";

/** The places of the file, from this one: as a source file, and as part of `lib/mod.js` or `lib/mod.cjs`. */
const [FROM_SOURCE, FROM_PACKAGE] = ["../../../engine/luge_engine.wasm", "../../engine/luge_engine.wasm"];

interface DenoApi {
  readonly permissions?: { querySync(permission: { name: "read"; path: string }): { readonly state: string } };
}

/**
 * The path at which the engine's file should be, and may be absent: a bundler takes this code elsewhere. `undefined` where the
 * runtime does not say where its code is, and where Deno would ask the user for the permission to read the file.
 */
export function artefactFile(): string | undefined {
  let filename: string | undefined;
  try {
    // Within `try` esbuild does not warn of it: a bundle in CommonJS has none.
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

/**
 * Checks that a module is an engine of this release.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import { isWasmMemory } from "../realm.ts";
import { ABI_VERSION, type EngineExports, FUNCTIONS } from "./interface.ts";

/** Throws `ENGINE_INCOMPATIBLE` if a module is not an engine of this release. */
export function checkExports(exports: WebAssembly.Exports): EngineExports {
  const version = exports.luge_abi_version;
  if (typeof version !== "function" || !isWasmMemory(exports.memory)) {
    throw new StoreError("ENGINE_INCOMPATIBLE", "The WebAssembly module is not a luge engine: it has no ABI version");
  }
  const actual: unknown = version();
  if (actual !== ABI_VERSION) {
    throw new StoreError("ENGINE_INCOMPATIBLE", `The engine has ABI version ${actual}, expected ${ABI_VERSION}`);
  }
  for (const name of FUNCTIONS) {
    if (typeof exports[name] !== "function") {
      throw new StoreError("ENGINE_INCOMPATIBLE", `The engine has no export '${name}'`);
    }
  }
  return exports as unknown as EngineExports;
}

/**
 * The exports of the engine, as `engine/src/abi.rs` documents them.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import { isWasmMemory } from "../realm.ts";

/** The version of the interface below; the engine says its own, and another one is refused. */
export const ABI_VERSION = 6;

/** Lengths and addresses are bytes in the instance's memory; results are a status unless said otherwise. */
export interface EngineExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  luge_abi_version(): number;
  /** The address of the reply header. */
  luge_reply(): number;
  /** The address of the request buffer, 0 when memory is refused. */
  luge_reserve(length: number): number;
  luge_open(cacheSize: number, writeBufferSize: number, versionsToKeep: number, readOnly: number): number;
  luge_get(keyLength: number, version: number, nowMs: number): number;
  luge_read(size: number): number;
  luge_has(keyLength: number, version: number, nowMs: number): number;
  luge_put(keyLength: number, valueLength: number, expiresMs: number, nowMs: number): number;
  luge_put_begin(keyLength: number, valueLength: number, expiresMs: number, nowMs: number): number;
  luge_put_part(length: number): number;
  luge_put_end(): number;
  luge_delete(keyLength: number, nowMs: number): number;
  luge_batch(length: number, nowMs: number): number;
  luge_scan(
    flags: number,
    lowerLength: number,
    upperLength: number,
    limit: number,
    budget: number,
    visits: number,
    version: number,
    nowMs: number,
  ): number;
  luge_count(
    flags: number,
    lowerLength: number,
    upperLength: number,
    limit: number,
    visits: number,
    version: number,
    nowMs: number,
  ): number;
  luge_versions(
    keyLength: number,
    budget: number,
    largest: number,
    below: number,
    listed: number,
    nowMs: number,
  ): number;
  luge_changes(
    flags: number,
    lowerLength: number,
    upperLength: number,
    budget: number,
    visits: number,
    since: number,
    until: number,
    below: number,
    nowMs: number,
  ): number;
  luge_commits(
    flags: number,
    lowerLength: number,
    upperLength: number,
    keyLength: number,
    budget: number,
    visits: number,
    from: number,
    until: number,
    nowMs: number,
  ): number;
  luge_changed(flags: number, lowerLength: number, upperLength: number, since: number): number;
  luge_history(): number;
  luge_newest(
    keyLength: number,
    budget: number,
    visits: number,
    largest: number,
    since: number,
    until: number,
    below: number,
    gone: number,
    nowMs: number,
  ): number;
  luge_newest_from(): number;
  luge_hold_gone(version: number): number;
  luge_release_gone(version: number): number;
  luge_restore_begin(version: number): number;
  luge_restore(length: number, nowMs: number): number;
  luge_restore_put_begin(
    keyLength: number,
    valueLength: number,
    expiresMs: number,
    version: number,
    nowMs: number,
  ): number;
  luge_restore_end(): number;
  luge_snapshot(version: number, nowMs: number): number;
  luge_release(version: number): number;
  luge_write_out(): number;
  luge_flush(): number;
  luge_step(nowMs: number): number;
  luge_compact_step(nowMs: number): number;
  luge_verify_step(first: number): number;
  luge_metrics(nowMs: number): number;
  luge_close_step(nowMs: number): number;
  luge_close(nowMs: number): number;
}

const FUNCTIONS = [
  "_initialize",
  "luge_reply",
  "luge_reserve",
  "luge_get",
  "luge_read",
  "luge_has",
  "luge_put",
  "luge_put_begin",
  "luge_put_part",
  "luge_put_end",
  "luge_delete",
  "luge_batch",
  "luge_scan",
  "luge_count",
  "luge_versions",
  "luge_changes",
  "luge_commits",
  "luge_changed",
  "luge_history",
  "luge_newest",
  "luge_newest_from",
  "luge_hold_gone",
  "luge_release_gone",
  "luge_restore_begin",
  "luge_restore",
  "luge_restore_put_begin",
  "luge_restore_end",
  "luge_snapshot",
  "luge_release",
  "luge_write_out",
  "luge_flush",
  "luge_step",
  "luge_compact_step",
  "luge_verify_step",
  "luge_metrics",
  "luge_close_step",
  "luge_close",
  "luge_open",
] as const satisfies readonly (keyof EngineExports)[];

/** Refuses a module that is not an engine of this release, with `ENGINE_INCOMPATIBLE`. */
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

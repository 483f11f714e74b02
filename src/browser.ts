/**
 * The module for browsers, the condition `browser` of the package: the same names as `mod.ts`, without modules of Node.
 * `MemoryStore` is complete, with views, codecs, watches, transactions, snapshots and backups. A browser has no
 * directories: `open` and what belongs to it is refused. The types are those of `mod.ts`.
 *
 * @module
 */

import { StoreError } from "./errors.ts";

export { LoggingLevel } from "./api/logger.ts";
export { inspectBackup, readBackupHeader } from "./backup/inspect.ts";
export { jsonCodec, utf8Codec } from "./codecs/text.ts";
export { StoreError } from "./errors.ts";
export { MemoryStore } from "./memory_store.ts";

const REMEDY = "use new MemoryStore(), and keep its backup() in what the browser has";

function refuse(action: string): StoreError {
  return new StoreError("PATH_UNAVAILABLE", `Cannot ${action}: a browser has no directories; ${REMEDY}`);
}

/** Rejects with `PATH_UNAVAILABLE`. */
export async function open(..._: readonly unknown[]): Promise<never> {
  throw refuse("open a store in a directory");
}

/** Rejects with `PATH_UNAVAILABLE`. */
export async function exists(..._: readonly unknown[]): Promise<never> {
  throw refuse("look for a store in a directory");
}

/** Rejects with `PATH_UNAVAILABLE`. */
export async function destroy(..._: readonly unknown[]): Promise<never> {
  throw refuse("destroy a store in a directory");
}

/** Throws `PATH_UNAVAILABLE`. */
export function defaultConfig(..._: readonly unknown[]): never {
  throw refuse("configure a store in a directory");
}

/** No store is one: `instanceof` is false, and the constructor throws `PATH_UNAVAILABLE`. */
export class SledStore {
  /** Throws. */
  constructor() {
    throw refuse("open a store in a directory");
  }
}

/** Its constructor throws `PATH_UNAVAILABLE`. */
export class NodeFileSystem {
  /** Throws. */
  constructor() {
    throw refuse("use the files of a machine");
  }
}

/** Its constructor throws `PATH_UNAVAILABLE`: only `open` uses it. */
export class MemoryFileSystem {
  /** Throws. */
  constructor() {
    throw refuse("use files in memory");
  }
}

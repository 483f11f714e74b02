/**
 * How stores are opened.
 *
 * @module
 */

import type { FileSystem } from "./file_system.ts";
import type { Logger, LoggingLevel } from "./logger.ts";

/**
 * How a store is opened. Only `path` has no default.
 *
 * @example
 * ```ts
 * import { type EngineSource, type Logger, LoggingLevel, open, type SledStore, type SledStoreConfig } from "@luge/luge";
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const lines: string[] = [];
 * const log = (line: string) => lines.push(line);
 * const logger: Logger = { debug: log, info: log, warn: log, error: log };
 * const wasm: EngineSource | undefined = undefined; // or a URL, bytes or a module
 * const path = await mkdtemp(`${tmpdir()}/example-`);
 * const config: SledStoreConfig = { path, logger, loggingLevel: LoggingLevel.INFO, ...(wasm ? { wasm } : {}) };
 * const store: SledStore = await open(config);
 * await store.close();
 * assert.match(lines[0] ?? "", /^opened/);
 * ```
 */
export interface SledStoreConfig {
  /** The directory of the store, created when it is missing: a path, relative to the current directory, or a `file:` URL. */
  readonly path: string | URL;
  /**
   * Whether the promise of a write settles only once the write is durable. Without it the promise settles once
   * the write survives the end of the process; a power cut may take the newest writes, back to the last `flush()`, but
   * never one in the middle. Default: `true`.
   */
  readonly syncWrites?: boolean;
  /** 0 DEBUG, 1 INFO, 2 WARNING or 3 ERROR: lines below it are not logged. Default: 3. */
  readonly loggingLevel?: LoggingLevel;
  /**
   * How many of the newest versions of a key are kept, 1 to 1,000,000. The store remembers the number: that is
   * the default, and 1 in a new store. A smaller number drops versions, and takes `dropVersions`. With `readOnly` it means nothing.
   *
   * Deletions and expired versions count. With 1 a key that was deleted or has expired goes altogether; with more, up to so many
   * versions of each key that was ever written stay, an expired one without its value.
   */
  readonly numVersionsToKeep?: number;
  /** Whether `numVersionsToKeep` may be smaller than what the store remembers. Default: `false`. */
  readonly dropVersions?: boolean;
  /**
   * How long `open` waits while another store has the directory open, in milliseconds; `Infinity` waits without end. Then it rejects
   * with `STORE_LOCKED`. Default: 0.
   */
  readonly waitForLock?: number;
  /** Ends the opening while it waits for the directory: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The bound of the engine's caches together in bytes, 1 MiB to 1 GiB. Default: 64 MiB. */
  readonly cacheSize?: number;
  /**
   * The bytes of memory that gather writes before they are sorted into the table, 256 KiB to 512 MiB. Twice as much may
   * be in use while one buffer is written and the next one fills. Default: 40 MiB.
   */
  readonly writeBufferSize?: number;
  /**
   * Whether the store is opened for reading only. The directory must hold one that no other store has open; nothing in it is
   * written, created or removed. Writes fail with `STORE_READ_ONLY`. Default: `false`.
   */
  readonly readOnly?: boolean;
  /**
   * Whether small values that `get`, `getEntry` and `getMany` return may share buffers with each other. On Node and Deno hot reads are about
   * three times as fast then. The price: `value.buffer` is 16 KiB that hold other values, too; it cannot be transferred; and a
   * value that is kept for long keeps all of it. Without it each value has a buffer of its own. Default: `false`.
   */
  readonly shareBuffers?: boolean;
  /** Where log lines go. Default: the console. */
  readonly logger?: Logger;
  /** The disk. Default: the one of the runtime. */
  readonly fileSystem?: FileSystem;
  /** Another build of the engine. Default: the one that comes with the module. */
  readonly wasm?: EngineSource;
}

/** How a {@linkcode MemoryStore} behaves. */
export interface MemoryStoreOptions {
  /** How many of the newest versions of a key are kept, deleted and expired ones counted, 1 to 1,000,000. Default: 1. */
  readonly numVersionsToKeep?: number;
}

/** Where an engine comes from: a `file:`, `http:` or `https:` URL, its bytes, or the compiled module. */
export type EngineSource = URL | Uint8Array | WebAssembly.Module;

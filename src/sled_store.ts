/**
 * The store on disk.
 *
 * @module
 */

import { messageOf } from "./errors.ts";
import type { DirectoryLock } from "./fs/filesystem.ts";
import type { Logger } from "./logger.ts";
import { BaseStore } from "./store/base_store.ts";
import type { Engine } from "./wasm/engine.ts";

/** What `open` hands to a new store. */
export interface SledStoreParts {
  readonly engine: Engine;
  readonly lock: DirectoryLock;
  readonly logger: Logger;
  readonly path: string;
  readonly syncWrites: boolean;
  readonly readOnly: boolean;
}

/**
 * A {@linkcode Store} in a directory, made by `open`. It owns the directory until it is closed: a second `open` of it,
 * by this process or another, on any runtime, is refused with `STORE_LOCKED`.
 *
 * Acknowledged writes survive a crash of the process and of the machine (see `syncWrites`), and what survives of the
 * others is a prefix of them, in the order of the calls.
 *
 * @example
 * ```ts no-run
 * import { open } from "@luge/luge";
 *
 * await using store = await open("data");
 * await store.put("key", "value"); // durable from here on
 * ```
 */
export class SledStore extends BaseStore {
  /** The directory of the store. */
  readonly path: string;

  /** For `open`: opens nothing itself. */
  constructor({ engine, lock, logger, path, syncWrites, readOnly }: SledStoreParts) {
    super(engine, {
      syncWrites,
      readOnly,
      failed: (error) => logger.error(`'${path}' failed: ${messageOf(error)}`),
      released: () => lock.release(),
      closed: () => logger.info(`closed '${path}'`),
      leftBehind: (error) => logger.error(`'${path}' could not be given back: ${messageOf(error)}`),
    });
    this.path = path;
  }
}

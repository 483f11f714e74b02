/**
 * A store in memory: for tests and caches, and the model that tests compare {@linkcode SledStore} with.
 *
 * @module
 */

import type { MemoryStoreOptions } from "./api/config.ts";
import { MAX_VERSIONS_TO_KEEP } from "./limits.ts";
import { MemoryBackend } from "./memory/backend.ts";
import { checkInteger, OptionNames } from "./options.ts";
import { BaseStore } from "./store/base_store.ts";
import { StoreCore } from "./store/core.ts";

const OPTIONS = new OptionNames<MemoryStoreOptions>(
  { numVersionsToKeep: true },
  { example: "{ numVersionsToKeep: 10 }" },
);

/**
 * A {@linkcode Store} in memory: it loses everything when it is closed. Otherwise it is like a `SledStore`: the same
 * methods, limits, order and errors. "Durable" means nothing here: a write is done when its promise settles.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("user/1", "Ada");
 * assert.deepEqual([...(await store.scan("user/")).keys()], ["user/1"]);
 * await store.close();
 * ```
 */
export class MemoryStore extends BaseStore {
  /** An empty store, open at once. Throws `TypeError` or `RangeError` for a wrong option. */
  constructor(options?: MemoryStoreOptions) {
    const { numVersionsToKeep = 1 } = OPTIONS.read(options);
    checkInteger("numVersionsToKeep", numVersionsToKeep, 1, MAX_VERSIONS_TO_KEEP);
    super(new StoreCore(new MemoryBackend(numVersionsToKeep), { syncWrites: true, readOnly: false }));
  }
}

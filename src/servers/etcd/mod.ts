/**
 * A store over etcd, through `fetch` alone: for several machines, and for runtimes at the edge.
 *
 * @module
 */

import { ServerStore, type StoreOnServer } from "../server_store.ts";
import { EtcdBackend } from "./backend.ts";
import { storeError } from "./errors.ts";
import { checkOptions, type EtcdOptions } from "./options.ts";

export type { CacheOptions } from "../cache_options.ts";
export type { CacheMetrics } from "../read_cache.ts";
export type { StoreOnServer } from "../server_store.ts";
export type { EtcdOptions } from "./options.ts";

/**
 * Opens a store in etcd. All clients with the same `prefix` share it, and see each other's commits. Nothing has to be
 * created before.
 *
 * A write is durable on a majority of the nodes when its promise settles. Each commit is done exactly once, although
 * nodes die and answers are lost. A read sees all commits that ended before it began.
 *
 * etcd is for shared state of up to 8 GiB, and not for large data: each node has all of it. A commit has at most 120
 * operations, unless etcd is configured for more: see {@linkcode EtcdOptions.maxOperations}. Values of more than 256 KiB
 * are written in pieces. Old versions can be read until etcd is compacted. A transaction may take five minutes.
 *
 * Rejects with `STORE_UNREACHABLE` if no node answers in time, `ACCESS_DENIED` for a wrong user or password, and
 * `FORMAT_UNSUPPORTED` for a store of a later release. Wrong options are a `TypeError` or `RangeError`. Methods of the
 * store reject with `STORE_UNREACHABLE` if nothing was written, and with `OUTCOME_UNKNOWN` if nobody could tell;
 * `VERSION_GONE` for a version that etcd has compacted; `IO_ERROR` if etcd is full, or refuses a request.
 *
 * @example
 * ```ts no-run
 * import { openEtcd } from "@luge/luge/etcd";
 *
 * await using store = await openEtcd({ endpoints: ["http://127.0.0.1:2379"], prefix: "shop/" });
 * await store.put("order/1", "paid");
 * for await (const [key, value] of store.entries({ prefix: "order/" })) console.log(key, value);
 * ```
 */
export async function openEtcd(options: EtcdOptions): Promise<StoreOnServer> {
  const checked = checkOptions(options);
  const backend = await EtcdBackend.open(checked);
  try {
    return new ServerStore(backend, await backend.newest(), checked.cache);
  } catch (failure) {
    await backend.close();
    throw storeError(failure, "open the store");
  }
}

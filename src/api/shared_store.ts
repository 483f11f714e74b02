/**
 * Stores that several processes have open.
 *
 * @module
 */

import type { StoreLatencies } from "./latencies.ts";
import type { StoreMetrics } from "./metrics.ts";
import type { Store } from "./store.ts";

/**
 * A {@linkcode Store} that other processes may have open, too, on any of the three runtimes. `open` makes it with
 * `shared: true`.
 *
 * The first process that opens the directory is its owner, which has the files. The others are clients: they send each
 * call to the owner through a socket in the directory, and get what it answers. If the owner closes the store, crashes
 * or is killed, one of the clients takes the directory over, and the calls without an answer go on there. A write is
 * done once, however often it had to be sent.
 *
 * - The methods with `Sync` in their name, the synchronous iterators, `metrics` and `latencies` work in the owner only.
 *   Elsewhere they throw a `StoreError` `NOT_OWNER`.
 * - `backup` and `restore` reject with `OWNER_LOST` if the owner ends meanwhile. A write does if nobody can tell whether
 *   it is done: before the next owner had the directory, another process opened it without `shared`, or a minute passed.
 * - Snapshots, walks and watches reject with `VERSION_GONE` if another owner has not kept their version.
 * - A key cannot begin with 16 bytes ff.
 */
export interface SharedStore extends Store {
  /** The directory of the store. */
  readonly path: string;
  /** Whether this process has the files, or sends its calls to the one that has. A client may become the owner. */
  readonly role: "owner" | "client";
  /** As `metrics`, in every process: those of the owner. */
  ownerMetrics(): Promise<StoreMetrics>;
  /** As `latencies`, in every process: those of the owner. */
  ownerLatencies(): Promise<StoreLatencies>;
}

/**
 * A store over a server, as a whole.
 *
 * @module
 */

import type { AsyncStore } from "../api/async_store.ts";
import type { BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import type { AsyncBackend } from "./backend.ts";
import type { CacheSettings } from "./cache_options.ts";
import { ServerCore } from "./core.ts";
import { LimitedSpace } from "./limited_space.ts";
import type { CacheMetrics } from "./read_cache.ts";
import { serverBackup, serverRestore } from "./server_copies.ts";
import { ServerPart } from "./server_part.ts";

/**
 * An `AsyncStore` in PostgreSQL or etcd.
 *
 * @example
 * ```ts no-run
 * import { type CacheMetrics, type CacheOptions, openEtcd, type StoreOnServer } from "@luge/luge/etcd";
 *
 * const cache: CacheOptions = { maxBytes: 1_000_000 };
 * await using store: StoreOnServer = await openEtcd({ endpoints: ["http://127.0.0.1:2379"], cache });
 * await store.get("setting/theme");
 * const metrics: CacheMetrics | undefined = store.cacheMetrics();
 * console.log(metrics?.misses);
 * ```
 */
export interface StoreOnServer extends AsyncStore {
  /** The figures of the cache; `undefined` without the option `cache`. */
  cacheMetrics(): CacheMetrics | undefined;
}

/** A {@linkcode StoreOnServer} over a backend, which it closes. */
export class ServerStore extends ServerPart implements StoreOnServer {
  #closing: Promise<void> | undefined;

  /** `version` is the newest one that the backend has. */
  constructor(backend: AsyncBackend, version: number, cache?: CacheSettings) {
    super(new ServerCore(backend, version, cache), new LimitedSpace(backend));
  }

  cacheMetrics(): CacheMetrics | undefined {
    return this.core.cache?.metrics;
  }

  backup(options?: BackupOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
    return serverBackup(this.core, options);
  }

  async restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult> {
    return await serverRestore(this.core, stream, options);
  }

  /** Waits for the writes so far, and ends all connections. A second call returns the same promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  protected part(space: LimitedSpace): ServerPart {
    return new PartOfServer(this.core, space);
  }

  async #close(): Promise<void> {
    this.core.close();
    await this.core.queue.idle();
    await this.core.backend.close();
  }
}

/** A part of a store: the keys that start with a prefix. */
class PartOfServer extends ServerPart {
  backup(): ReadableStream<Uint8Array<ArrayBuffer>> {
    throw new TypeError("Cannot back up a part of a store: back up the whole store");
  }

  async restore(): Promise<RestoreResult> {
    throw new TypeError("Cannot restore a part of a store: restore the whole store");
  }

  /** Waits for the writes so far. The store stays open, and so does the part. */
  async close(): Promise<void> {
    await this.flush();
  }

  protected part(space: LimitedSpace): ServerPart {
    return new PartOfServer(this.core, space);
  }
}

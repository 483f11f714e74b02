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
 * `shared: true`, or with the address of one that another machine serves, see {@linkcode SharedStore.listen}.
 *
 * The first process that opens the directory is its owner, which has the files. The others are clients: they send each
 * call to the owner through a socket in the directory, and get what it answers. If the owner closes the store, crashes
 * or is killed, one of the clients takes the directory over, and the calls without an answer go on there. A write is
 * done once, however often it had to be sent.
 *
 * - The methods with `Sync` in their name, the synchronous iterators, `metrics` and `latencies` work in the owner only.
 *   Elsewhere they throw a `StoreError` `NOT_OWNER`. Those that read work in a follower, too: see `FollowedStoreConfig`.
 * - `backup` and `restore` reject with `OWNER_LOST` if the owner ends meanwhile. A write does if nobody can tell whether
 *   it is done: before the next owner had the directory, another process opened it without `shared`, a minute passed, or
 *   an owner closed the store that this process had not reached yet.
 * - Snapshots, walks and watches reject with `VERSION_GONE` if another owner has not kept their version. A snapshot
 *   rejects with `OWNER_LOST` if the owner ended before it told that version, and this process has written since.
 * - A key cannot begin with 16 bytes ff.
 */
export interface SharedStore extends Store {
  /** The directory of the store, or its address without the token. */
  readonly path: string;
  /**
   * Whether this process has the files, or sends its calls to the one that has. A client may become the owner, but not
   * one on another machine. A `"follower"` is a client that reads a replica of its own: see `FollowedStoreConfig`.
   */
  readonly role: "owner" | "client" | "follower";
  /** How far a follower is behind its owner; `undefined` for an owner, and for a client without a replica. */
  readonly following: Following | undefined;
  /** As `metrics`, in every process: those of the owner. */
  ownerMetrics(): Promise<StoreMetrics>;
  /** As `latencies`, in every process: those of the owner. */
  ownerLatencies(): Promise<StoreLatencies>;
  /**
   * Serves the store to other machines, until the listener or the store is closed. Any process that shares the
   * directory can do this, owner or not. Clients call `open` with the address and the token. Who has the token can read
   * and change the whole store.
   *
   * A listener keeps the process alive. Rejects with `ADDRESS_UNAVAILABLE` if the host and port cannot be used, and with
   * a `TypeError` or `RangeError` for wrong options: a token of fewer than 16 characters, or a host beyond this machine
   * without `tls` or `insecure`.
   *
   * @example
   * ```ts no-run
   * import { open } from "@luge/luge";
   *
   * await using store = await open({ path: "data", shared: true });
   * const { address } = await store.listen({ token: process.env.LUGE_TOKEN ?? "" });
   * console.log(address); // luge://127.0.0.1:4444
   * ```
   */
  listen(options: ListenOptions): Promise<StoreListener>;
}

/**
 * How far a follower is behind its owner: see {@linkcode SharedStore.following}.
 *
 * @example
 * ```ts
 * import { type Following, open } from "@luge/luge";
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const path = await mkdtemp(`${tmpdir()}/example-`);
 * await using store = await open({ path, shared: true });
 * await using follower = await open({ path, follow: true });
 * await follower.put("key", "value");
 * const { version, newest, delayMs } = follower.following as Following;
 * assert.ok(version >= newest && delayMs < 10_000);
 * ```
 */
export interface Following {
  /** The version that reads find. */
  readonly version: number;
  /** The newest version of the store that this process has heard of. */
  readonly newest: number;
  /** From when the owner sent the newest commits until reads found them, in milliseconds; 0 if none came so far. */
  readonly delayMs: number;
}

/** Options of {@linkcode SharedStore.listen}. */
export interface ListenOptions {
  /** What clients must know: 16 to 1,024 letters, digits and signs of ASCII, without spaces. */
  readonly token: string;
  /** The address or name to listen on. Default: `"127.0.0.1"`, which other machines do not reach. */
  readonly host?: string | undefined;
  /** The port; 0 for a free one. Default: 4444. */
  readonly port?: number | undefined;
  /** The certificate of the server and its private key, as PEM. Clients then use `luges://`. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array } | undefined;
  /** Whether to listen beyond this machine without `tls`. Others on the way can then read the token. Default: `false`. */
  readonly insecure?: boolean | undefined;
}

/** A store that is served to other machines: see {@linkcode SharedStore.listen}. */
export interface StoreListener extends AsyncDisposable {
  /** The address or name that it listens on. */
  readonly host: string;
  /** The port, also if it was chosen because of port 0. */
  readonly port: number;
  /** Where clients connect, without the token. */
  readonly address: string;
  /** Ends all connections, and stops listening. Clients wait until somebody listens again. */
  close(): Promise<void>;
}

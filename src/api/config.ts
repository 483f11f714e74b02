/**
 * How stores are opened.
 *
 * @module
 */

import type { FileSystem } from "./file_system.ts";
import type { Logger, LoggingLevel } from "./logger.ts";

/**
 * Options of `open`. Only `path` has no default.
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
  /**
   * The directory of the store: a path, relative to the current directory, or a `file:` URL. luge creates it if it is
   * missing. `":memory:"` is a new store in memory, which is lost when it is closed.
   */
  readonly path: string | URL;
  /**
   * Whether the promise of a write settles only once the write is durable. With `false` the promise settles once the
   * write survives the end of the process. A power cut may then lose the newest writes since the last `flush()`, but
   * never a write in the middle. Default: `true`.
   */
  readonly syncWrites?: boolean | undefined;
  /** 0 DEBUG, 1 INFO, 2 WARNING or 3 ERROR: luge does not log lines below it. Default: 3. */
  readonly loggingLevel?: LoggingLevel | undefined;
  /**
   * How many of the newest versions of a key the store keeps, 1 to 1,000,000. The store remembers the number. Default:
   * the number that the store remembers, and 1 in a new store. A smaller number drops versions, and needs
   * `dropVersions`. With `readOnly` the option has no effect.
   *
   * Deletions and expired versions count. With 1, the store removes a deleted or expired key completely. With more, it
   * keeps up to that many versions of each key that was ever written. It keeps expired versions without their values.
   */
  readonly numVersionsToKeep?: number | undefined;
  /** Whether luge creates a store that is missing. With `false`, `open` rejects with `NOT_A_STORE`. Default: `true`. */
  readonly createIfMissing?: boolean | undefined;
  /** Whether `open` rejects with `STORE_EXISTS` if the directory has a store already. Default: `false`. */
  readonly errorIfExists?: boolean | undefined;
  /** Whether `numVersionsToKeep` may be smaller than what the store remembers. Default: `false`. */
  readonly dropVersions?: boolean | undefined;
  /**
   * How long `open` waits while another store has the directory open, in milliseconds. Then it rejects with
   * `STORE_LOCKED`. `Infinity` waits without end. With `shared` and `follow` it waits at least 10,000. Default: 0.
   */
  readonly waitForLock?: number | undefined;
  /** Ends the wait for the directory: `open` rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The bound of all caches of the engine together, in bytes, 1 MiB to 1 GiB. Default: a sixteenth of the memory that the
   * process may use, but at least 32 MiB and at most 256 MiB; 64 MiB if the runtime does not know how much that is.
   */
  readonly cacheSize?: number | undefined;
  /**
   * How many bytes of memory collect writes before the engine sorts them into the table, 256 KiB to 512 MiB. Up to two
   * and a quarter times as much may be in use: one buffer is merged while the next one fills, each an eighth more at
   * most. Default: 40 MiB.
   */
  readonly writeBufferSize?: number | undefined;
  /**
   * Whether the store is open for reading only. The directory must have a store, and no other store may have it open
   * for writing. luge writes, creates and removes nothing in it. Writes fail with `STORE_READ_ONLY`. Default: `false`.
   */
  readonly readOnly?: boolean | undefined;
  /**
   * How the store writes its files from here on. With `"lz4"` it compresses blocks and values of 4 KiB to 1 MiB where
   * that saves an eighth or more. Text and JSON then take about half the space. Writes take more time, and so do reads
   * that the caches do not answer. Any setting reads what any other one wrote. The store remembers it. Default: the
   * setting that the store remembers, and `"none"` in a new store. With `readOnly` the option has no effect.
   *
   * The first open with `"lz4"` gives the store format 5. Releases that only know format 4 then refuse it.
   */
  readonly compression?: Compression | undefined;
  /**
   * Whether small values of `get`, `getEntry` and `getMany` may share buffers with each other. Hot reads are then about
   * three times as fast on Node and Deno. But `value.buffer` has 16 KiB with other values, too. It cannot be
   * transferred, and one value keeps all of it in memory. With `false` each value has its own buffer. Default: `false`.
   */
  readonly shareBuffers?: boolean | undefined;
  /**
   * Whether a worker thread merges full write buffers into the table. `"auto"` starts one thread for each store, when
   * the first write buffer is full, a compaction has 32 KiB to merge, or large values are moved to free their files.
   * The thread takes about 30 MB of memory, keeps no process alive, and ends with the store. With `false`, with another
   * `fileSystem`, and if no thread can start, luge merges in short steps between the turns of the event loop.
   * Default: `"auto"`, and `false` with a `writeBufferSize` below 12 MiB.
   */
  readonly workers?: "auto" | false | undefined;
  /**
   * Opening, closing, commits, `get`, syncs and background steps that take as long are logged, in milliseconds, with
   * what took the time. The lines have the level WARNING. Then luge times each read of one key, which takes some 0.2 µs.
   * Default: `Infinity`, which logs none.
   */
  readonly slowOperation?: number | undefined;
  /** Where log lines go. Default: the console. */
  readonly logger?: Logger | undefined;
  /** Only a {@linkcode SharedStoreConfig} has `true` here. Default: `false`. */
  readonly shared?: false | undefined;
  /** Only a {@linkcode FollowedStoreConfig} and a {@linkcode SharedStoreConfig} have `true` here. Default: `false`. */
  readonly follow?: false | undefined;
  /** The disk. Default: the one of the runtime. */
  readonly fileSystem?: FileSystem | undefined;
  /** Another build of the engine. Default: the one that comes with the module. */
  readonly wasm?: EngineSource | undefined;
}

/**
 * Options of `open` for a store that several processes have open: see `SharedStore`. The options of the process that owns
 * the store count, but for `syncWrites`, which each process chooses for its own writes. `fileSystem`, `readOnly` and
 * `":memory:"` do not go with `shared`.
 *
 * @example
 * ```ts
 * import { open, type SharedStore, type SharedStoreConfig } from "@luge/luge";
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const config: SharedStoreConfig = { path: await mkdtemp(`${tmpdir()}/example-`), shared: true };
 * await using store: SharedStore = await open(config);
 * await using same = await open(config); // as another process would
 * await same.put("key", "value");
 * assert.equal(new TextDecoder().decode(await store.get("key")), "value");
 * assert.deepEqual([store.role, same.role], ["owner", "client"]);
 * ```
 */
export interface SharedStoreConfig extends Omit<SledStoreConfig, "shared" | "follow" | "fileSystem" | "readOnly"> {
  /** Other processes may have the store open, too. */
  readonly shared: true;
  /** Whether this process reads a replica of its own: see {@linkcode FollowedStoreConfig}. Default: `false`. */
  readonly follow?: boolean | undefined;
}

/**
 * Options of `open` for a follower: a process that shares a store, and reads a replica of its own. The options are those
 * of a {@linkcode SharedStoreConfig}, of which `follow: true` implies `shared: true`.
 *
 * While another process owns the store, this one has a replica in `shared/follow` in the directory. The files of the
 * store that never change are hard links there, so they take disk space once. The owner sends each commit, and the
 * replica applies it. So reads take no longer than in the owner, work without a promise, too, and go on while there is
 * no owner. They are some milliseconds behind: see `SharedStore.following`. A read finds what this process wrote before,
 * and never goes back in time. Writes, transactions and watches go to the owner.
 *
 * `cacheSize` and `writeBufferSize` count for the replica, too. A store has at most 64 followers; `open` rejects with
 * `STORE_BUSY` for another one.
 *
 * @example
 * ```ts
 * import { type FollowedStoreConfig, open } from "@luge/luge";
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const path = await mkdtemp(`${tmpdir()}/example-`);
 * await using store = await open({ path, shared: true });
 * const config: FollowedStoreConfig = { path, follow: true };
 * await using follower = await open(config); // as another process would
 * await follower.put("key", "value");
 * assert.equal(follower.getSync("key")?.length, 5);
 * assert.equal(follower.role, "follower");
 * ```
 */
export interface FollowedStoreConfig extends Omit<SharedStoreConfig, "shared" | "follow"> {
  /** This process reads a replica of its own. */
  readonly follow: true;
  /** Implied. */
  readonly shared?: true | undefined;
}

/**
 * Options of `open` for a store that a process on another machine serves, with the method `listen` of a `SharedStore` or
 * with `luge serve --listen`.
 *
 * @example
 * ```ts
 * import { type ListenOptions, open, type RemoteStoreConfig, type StoreListener } from "@luge/luge";
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const token = "a secret of 16 or more characters".replaceAll(" ", "-");
 * const path = await mkdtemp(`${tmpdir()}/example-`);
 * await using store = await open({ path, shared: true });
 * const options: ListenOptions = { port: 0, token };
 * await using listener: StoreListener = await store.listen(options);
 *
 * const config: RemoteStoreConfig = { address: listener.address, token };
 * await using remote = await open(config); // on any machine
 * await remote.put("key", "value");
 * assert.equal(new TextDecoder().decode(await store.get("key")), "value");
 * ```
 */
export interface RemoteStoreConfig {
  /**
   * Where the store is served: `luge://host:port`, or `luges://host:port` with TLS. The port is 4444 if it is left out.
   * `luge://host:port?token=…` has the token, too; a character such as `&` is percent-encoded there.
   */
  readonly address: string | URL;
  /** The token of the server. It counts instead of the one in the address. */
  readonly token?: string | undefined;
  /**
   * With `luges://`: the certificates of the authorities that the certificate of the server may be from, as PEM. Default:
   * those that the runtime knows.
   */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** Whether the promise of a write settles only once the write is durable. Default: `true`. */
  readonly syncWrites?: boolean | undefined;
  /**
   * How long an attempt to connect may take, in milliseconds, 1 to 86,400,000. `open` rejects with `STORE_UNREACHABLE`
   * after it, and `close` waits for as long. Default: 10,000.
   */
  readonly connectTimeout?: number | undefined;
  /** Ends `open`, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * How a store writes its files: as they are, or compressed with LZ4.
 *
 * @example
 * ```ts
 * import { type Compression, MemoryFileSystem, open } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const compression: Compression = "lz4";
 * await using store = await open({ path: "/documents", fileSystem: new MemoryFileSystem(), compression });
 * await store.put("text", "What repeats gets smaller. ".repeat(1000));
 * const { compressionInputBytes, compressionOutputBytes } = store.metrics();
 * assert.ok(compressionOutputBytes < compressionInputBytes / 10);
 * ```
 */
export type Compression = "none" | "lz4";

/** Options of a {@linkcode MemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * How many of the newest versions of a key the store keeps, 1 to 1,000,000. Deletions and expired values count.
   * Default: 1.
   */
  readonly numVersionsToKeep?: number | undefined;
}

/** Where a store is. */
export interface StorePlace {
  /** The disk. Default: the one of the runtime. */
  readonly fileSystem?: FileSystem | undefined;
}

/** Where a store is, and how long to wait until it is closed. */
export interface StoreWait extends StorePlace {
  /** How long to wait while the directory is open, in milliseconds. Default: 0. */
  readonly waitForLock?: number | undefined;
  /** Ends the wait: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Where an engine comes from: a `file:`, `http:` or `https:` URL, its bytes, or the compiled module. */
export type EngineSource = URL | Uint8Array | WebAssembly.Module;

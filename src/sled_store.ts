/**
 * The store on disk.
 *
 * @module
 */

import { type Backend, BaseStore } from "./base_store.ts";
import { runInSteps } from "./commit/background.ts";
import { messageOf } from "./errors.ts";
import type { DirectoryLock } from "./fs/filesystem.ts";
import type { Logger } from "./logger.ts";
import { type StoreMetrics, toMetrics } from "./metrics.ts";
import type { Damage, Engine } from "./wasm/engine.ts";
import { prefixRange } from "./wasm/range.ts";

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
  readonly #engine: Engine;

  /** For `open`: opens nothing itself. */
  constructor(parts: SledStoreParts) {
    super(new SledBackend(parts), parts);
    this.path = parts.path;
    this.#engine = parts.engine;
  }

  /**
   * Gives the space of what nothing needs back: overwritten, deleted and expired values, and old versions. Reads and writes go on
   * meanwhile; what is written after the start is not compacted. Needs free space for about what is rewritten.
   *
   * @example
   * ```ts no-run
   * import { open } from "@luge/luge";
   *
   * await using store = await open("data");
   * const { bytesBefore, bytesAfter } = await store.compact();
   * console.log(`${bytesBefore - bytesAfter} bytes were given back`);
   * ```
   */
  async compact(): Promise<CompactResult> {
    this.assertWritable("compact");
    const bytesBefore = this.#bytes();
    await runInSteps(() => this.run("compact", () => this.#engine.compactStep()));
    return { bytesBefore, bytesAfter: this.#bytes() };
  }

  /**
   * Reads everything on the disk and checks every checksum, order and pointer, past the caches. Reads and writes go on meanwhile.
   * Changes nothing. Damage of sled's own files that opening did not refuse shows as blocks that are missing.
   *
   * @example
   * ```ts no-run
   * import { open } from "@luge/luge";
   *
   * await using store = await open("data");
   * for (const { file, offset, message } of (await store.verify()).damages) console.error(file, offset, message);
   * ```
   */
  async verify(): Promise<VerifyResult> {
    const damages: Damage[] = [];
    let entries = 0;
    let first = true;
    await runInSteps(() => {
      const step = this.run("verify", () => this.#engine.verifyStep(first));
      first = false;
      entries = step.entries;
      damages.push(...step.damages);
      return step.more;
    });
    return { entries, damages };
  }

  /** What the store did since it was opened, and what it uses. */
  metrics(): StoreMetrics {
    const { memoryBytes } = this.#engine;
    const figures = this.run("read the metrics", () => this.#engine.metrics());
    return toMetrics(figures, { memoryBytes, longestStepMs: this.longestStepMs });
  }

  #bytes(): number {
    const { logFileBytes, blockFileBytes, indexBytes } = this.metrics();
    return logFileBytes + blockFileBytes + indexBytes;
  }
}

/** What {@linkcode SledStore.compact} did: bytes of the store's files. */
export interface CompactResult {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** What {@linkcode SledStore.verify} found. */
export interface VerifyResult {
  /** How many entries of the table were read, versions counted. */
  readonly entries: number;
  /** What is wrong; empty when nothing is. */
  readonly damages: readonly Damage[];
}

/** The engine, its directory lock and its log. */
class SledBackend implements Backend {
  readonly #engine: Engine;
  readonly #lock: DirectoryLock;
  readonly #logger: Logger;
  readonly #path: string;

  constructor({ engine, lock, logger, path }: SledStoreParts) {
    this.#engine = engine;
    this.#lock = lock;
    this.#logger = logger;
    this.#path = path;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#engine.get(key);
  }

  has(key: Uint8Array): boolean {
    return this.#engine.has(key);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#engine.put(key, value);
  }

  delete(key: Uint8Array): void {
    this.#engine.delete(key);
  }

  scan(prefix: Uint8Array): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }> {
    return this.#engine.scan(prefixRange(prefix));
  }

  get hasWork(): boolean {
    return this.#engine.hasWork;
  }

  step(): boolean {
    return this.#engine.step();
  }

  writeOut(): void {
    this.#engine.writeOut();
  }

  flush(): void {
    this.#engine.flush();
  }

  close(): void {
    this.#engine.close();
    this.#lock.release();
    this.#logger.info(`closed '${this.#path}'`);
  }

  /** Nothing of the dead engine can write any more, so the directory is free for the next open. */
  abandon(failure: unknown): void {
    this.#logger.error(`'${this.#path}' failed: ${messageOf(failure)}`);
    for (const giveBack of [() => this.#engine.abandon(), () => this.#lock.release()]) {
      try {
        giveBack();
      } catch (error) {
        // The caller gets the failure that came first.
        this.#logger.error(`'${this.#path}' could not be given back: ${messageOf(error)}`);
      }
    }
  }
}

/**
 * etcd as the backend of a store.
 *
 * @module
 */

import type { StoredValue, StoredVersion } from "../../backend.ts";
import type { ByteRange } from "../../byte_range.ts";
import { clock } from "../../clock.ts";
import { StoreError } from "../../errors.ts";
import { MAX_BATCH_BYTES, MAX_KEY_BYTES, MAX_VALUE_BYTES } from "../../limits.ts";
import type {
  AsyncBackend,
  BackendFigures,
  BackendLimits,
  ChangedPage,
  CommitOutcome,
  CommitRequest,
  HeldVersion,
  RestoredVersions,
  RestoreSink,
  ScannedPage,
  ScannedRange,
  SummedPage,
} from "../backend.ts";
import { Changes } from "./changes.ts";
import { EtcdClient } from "./client.ts";
import { Commits } from "./commits.ts";
import { Committer } from "./committer.ts";
import { Encoder } from "./encoder.ts";
import { storeError } from "./errors.ts";
import { Layout } from "./layout.ts";
import { Leases } from "./leases.ts";
import type { CheckedOptions } from "./options.ts";
import { PieceStore } from "./pieces.ts";
import { MOST_VERSIONS, Reads } from "./reads.ts";
import { beginRestore } from "./restore.ts";
import { Space } from "./space.ts";
import { Sweeps } from "./sweeps.ts";
import { Tail } from "./tail.ts";

/** Operations and comparisons of each transaction that are luge's own: lane, clock, generation; and some to spare. */
const OWN_OPERATIONS = 8;
/** The part of a request that is left for keys and values. The rest is for the names of fields, and comparisons. */
const BYTES_SHARE = 0.8;
const GROUP_BYTES: number = 512 * 1024;

/** A store in etcd. See the methods of {@linkcode AsyncBackend}. */
export class EtcdBackend implements AsyncBackend {
  readonly name: string = "etcd";
  /** As many as one call lists; etcd may have compacted all but the newest. */
  readonly versionsToKeep: number = MOST_VERSIONS;
  readonly limits: BackendLimits;
  readonly #client: EtcdClient;
  readonly #space: Space;
  readonly #reads: Reads;
  readonly #commits: Commits;
  readonly #committer: Committer;
  readonly #changes: Changes;
  readonly #tail: Tail;
  readonly #sweeps: Sweeps;
  readonly #restore: (versions: RestoredVersions) => Promise<RestoreSink>;
  /** Calls that are on their way. */
  readonly #running: Set<Promise<unknown>> = new Set();
  #isClosed = false;

  private constructor(client: EtcdClient, space: Space, options: CheckedOptions) {
    const { timeoutMs, maxOperations, maxRequestBytes } = options;
    const now = () => this.now();
    const limits = {
      operations: maxOperations - OWN_OPERATIONS,
      bytes: Math.floor(maxRequestBytes * BYTES_SHARE),
    };
    this.limits = {
      keyBytes: MAX_KEY_BYTES,
      valueBytes: MAX_VALUE_BYTES,
      operations: limits.operations,
      commitBytes: MAX_BATCH_BYTES,
      groupRequests: limits.operations,
      groupOperations: limits.operations,
      groupBytes: Math.min(GROUP_BYTES, limits.bytes),
      writesKeysOnce: true,
    };
    this.#client = client;
    this.#space = space;
    const leases = new Leases(space);
    const pieces = new PieceStore(space);
    const committer = new Committer(space);
    const reads = new Reads(space, pieces, now);
    const encoder = new Encoder(space, leases, pieces, limits, now);
    this.#committer = committer;
    this.#reads = reads;
    this.#sweeps = new Sweeps(pieces);
    this.#commits = new Commits({ space, committer, leases, reads, pieces, encoder, limits, now });
    this.#tail = new Tail(space);
    this.#changes = new Changes(space, pieces, this.#tail, timeoutMs, now);
    this.#restore = (versions) => beginRestore({ space, committer, leases, pieces, limits, now }, versions);
  }

  /** Connects, and reads what the store is. Rejects with `STORE_UNREACHABLE`, `ACCESS_DENIED` or `FORMAT_UNSUPPORTED`. */
  static async open(options: CheckedOptions): Promise<EtcdBackend> {
    const { endpoints, username, password, timeoutMs, fetch } = options;
    const client = new EtcdClient({ endpoints, username, password, timeoutMs, fetch });
    try {
      const space = await Space.open(client, new Layout(options.prefix));
      const backend = new EtcdBackend(client, space, options);
      backend.#sweeps.start();
      return backend;
    } catch (failure) {
      client.close();
      throw storeError(failure, `open the store at ${endpoints.join(", ")}`);
    }
  }

  now(): number {
    return clock.now();
  }

  newest(): Promise<number> {
    return this.#run("read", () => this.#reads.newest());
  }

  read(keys: readonly Uint8Array[], version?: number): Promise<readonly (StoredValue | undefined)[]> {
    return this.#run("read", () => this.#reads.read(keys, version));
  }

  scan(range: ScannedRange): Promise<ScannedPage> {
    return this.#run("read a range", () => this.#reads.scan(range));
  }

  count(range: ByteRange): Promise<SummedPage> {
    return this.#run("count", () => this.#reads.count(range));
  }

  size(range: ByteRange): Promise<SummedPage> {
    return this.#run("read a size", () => this.#reads.size(range));
  }

  versions(key: Uint8Array): Promise<readonly StoredVersion[]> {
    return this.#run("read versions", () => this.#reads.versions(key));
  }

  commit(group: readonly CommitRequest[]): Promise<readonly CommitOutcome[]> {
    return this.#run("write", () => this.#commits.commit(group));
  }

  changes(range: ByteRange, since: number, after: Uint8Array | undefined): Promise<ChangedPage> {
    return this.#run("watch", () => this.#changes.page(range, since, after));
  }

  async news(version: number, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) throw closed("watch");
    try {
      await this.#tail.news(this.#space.generation.revisionOf(version), signal);
    } catch (failure) {
      if (signal.aborted) throw signal.reason;
      throw this.#isClosed ? closed("watch") : storeError(failure, "watch");
    }
  }

  /** etcd cannot be told to keep a version: it is there until somebody compacts etcd. */
  hold(version?: number): Promise<HeldVersion> {
    return this.#run("keep a version", async () => {
      const held = version ?? (await this.#reads.newest());
      // Throws if it is compacted already.
      if (version !== undefined) await this.#reads.scan({ version, limit: 1, keysOnly: true });
      return { version: held, release: () => {} };
    });
  }

  restore(versions: RestoredVersions): Promise<RestoreSink> {
    return this.#run("restore", async () => {
      const sink = await this.#restore(versions);
      return {
        write: (entries) => this.#run("restore", () => sink.write(entries)),
        finish: () => this.#run("restore", () => sink.finish()),
        discard: () => this.#run("restore", () => sink.discard()),
      };
    });
  }

  figures(): BackendFigures {
    return { ...this.#client.figures, ...this.#sweeps.figures, recovered: this.#committer.recovered };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sweeps.stop();
    this.#tail.close();
    await Promise.allSettled([...this.#running]);
    this.#client.close();
  }

  async #run<T>(action: string, call: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closed(action);
    const running = call();
    this.#running.add(running);
    try {
      return await running;
    } catch (failure) {
      throw storeError(failure, action);
    } finally {
      this.#running.delete(running);
    }
  }
}

function closed(action: string): StoreError {
  return new StoreError("STORE_CLOSED", `Cannot ${action}: the store is closed`);
}

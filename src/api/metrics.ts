/**
 * The figures of a store.
 *
 * @module
 */

/**
 * The figures of a store. Counters count since the store was opened; sizes are in bytes, times in milliseconds.
 * `METRICS` of `@luge/luge/prometheus` says which ones are counters.
 *
 * @example
 * ```ts
 * import { MemoryStore, type StoreMetrics } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * store.putSync("key", "value");
 * const { puts, putBytes }: StoreMetrics = store.metrics();
 * assert.deepEqual([puts, putBytes], [1, 8]);
 * ```
 */
export interface StoreMetrics {
  /** Commits: a batch is one. */
  readonly commits: number;
  /** Keys that were put, also in batches. */
  readonly puts: number;
  /** Deletions of keys, whether or not the key existed. */
  readonly deletes: number;
  /** Bytes of keys and values that were put. */
  readonly putBytes: number;
  /** Reads of one key. */
  readonly gets: number;
  /** Reads that the write buffers answered. */
  readonly memtableHits: number;
  /** Reads that the entry cache answered. */
  readonly cacheHits: number;
  /** Reads that the entry cache did not answer. */
  readonly cacheMisses: number;
  /** Reads that the table answered. */
  readonly tableHits: number;
  /** Reads that found no key in the table. */
  readonly tableMisses: number;
  /** Entries that ranges and counts looked at, with deletions. */
  readonly entriesVisited: number;
  /** Bytes written to the log. */
  readonly logWrittenBytes: number;
  /** Syncs of the log. */
  readonly logSyncs: number;
  /** Files of the log. */
  readonly logSegments: number;
  /** Bytes of these files. */
  readonly logFileBytes: number;
  /** Bytes of large values in them that the table refers to. */
  readonly logLiveBytes: number;
  /** Bytes of large values that were moved so that files could be removed. */
  readonly logMovedBytes: number;
  /** Write buffers that were completely moved into the table. */
  readonly checkpoints: number;
  /** Steps of the background work. */
  readonly checkpointSteps: number;
  /**
   * How long all of these steps took, in milliseconds: steps between turns of the event loop and steps within commits.
   */
  readonly stepMs: number;
  /** The longest step, in milliseconds. */
  readonly longestStepMs: number;
  /** Parts of merges and descents that a worker thread did, about 1 MiB each. 0 with `workers: false`. */
  readonly workerJobs: number;
  /**
   * Worker threads that failed or could not start. The thread of the store then did their work. After three failures the
   * store starts no more threads.
   */
  readonly workerFailures: number;
  /** Blocks of the table that were written. */
  readonly blocksWritten: number;
  /** Bytes written to files of blocks. */
  readonly blockWrittenBytes: number;
  /** Syncs of these files. */
  readonly blockSyncs: number;
  /**
   * Bytes of blocks and large values that were written while the option `compression` was `"lz4"`, before compression.
   * Those that were stored as they are count, too.
   */
  readonly compressionInputBytes: number;
  /** The same bytes as they were stored. */
  readonly compressionOutputBytes: number;
  /** Reads of blocks that the cache answered. */
  readonly blockCacheHits: number;
  /** Reads of blocks that the cache did not answer. */
  readonly blockCacheMisses: number;
  /** Bytes of the block cache in use. */
  readonly blockCacheBytes: number;
  /** Bytes of the files of blocks. */
  readonly blockFileBytes: number;
  /** Live bytes of the upper level of the table. */
  readonly upperTableBytes: number;
  /** Live bytes of the bottom level of the table. */
  readonly bottomTableBytes: number;
  /** Bytes of sled's files. */
  readonly indexBytes: number;
  /** Bytes of the write buffer in use. */
  readonly writeBufferBytes: number;
  /** Entries in the write buffer. */
  readonly writeBufferEntries: number;
  /** Bytes of the sealed buffer, which is being merged into the table. */
  readonly sealedBufferBytes: number;
  /** Bytes of the entry cache in use. */
  readonly cacheBytes: number;
  /** The version of the newest commit. */
  readonly version: number;
  /** Open snapshots; a range that is being read has one. */
  readonly openSnapshots: number;
  /** The age of the oldest open snapshot; 0 if there is none. */
  readonly oldestSnapshotMs: number;
  /** Bytes of the engine's memory, which never shrinks. */
  readonly memoryBytes: number;
}

/**
 * The figures of a store.
 *
 * @module
 */

/**
 * The figures of a store. Counters count since the store was opened; sizes are in bytes, times in milliseconds.
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
  /** Values that were put. */
  readonly puts: number;
  /** Keys that were deleted, there or not. */
  readonly deletes: number;
  /** Bytes of keys and values that were put. */
  readonly putBytes: number;
  /** Reads of one key. */
  readonly gets: number;
  /** Reads that the write buffers answered. */
  readonly memtableHits: number;
  /** Reads that the entry cache answered. */
  readonly cacheHits: number;
  /** Reads that it did not. */
  readonly cacheMisses: number;
  /** Reads that the table answered. */
  readonly tableHits: number;
  /** Reads of keys that are nowhere. */
  readonly tableMisses: number;
  /** Entries that ranges and counts have looked at: deletions too, of which a read finds nothing. */
  readonly entriesVisited: number;
  /** Bytes written to the log. */
  readonly logWrittenBytes: number;
  /** Syncs of the log. */
  readonly logSyncs: number;
  /** Files of the log. */
  readonly logSegments: number;
  /** Bytes of these files. */
  readonly logFileBytes: number;
  /** Bytes of large values in them that the table leads to. */
  readonly logLiveBytes: number;
  /** Bytes of large values that were moved, to empty files. */
  readonly logMovedBytes: number;
  /** Write buffers that were moved into the table whole. */
  readonly checkpoints: number;
  /** Steps of the work behind the commits. */
  readonly checkpointSteps: number;
  /** How long all of these took, in milliseconds, between the turns of the event loop and within commits. */
  readonly stepMs: number;
  /** The longest of them, in milliseconds. */
  readonly longestStepMs: number;
  /** Blocks of the table that were written. */
  readonly blocksWritten: number;
  /** Bytes written to files of blocks. */
  readonly blockWrittenBytes: number;
  /** Syncs of such files. */
  readonly blockSyncs: number;
  /** Blocks that the cache had. */
  readonly blockCacheHits: number;
  /** Blocks that it had not. */
  readonly blockCacheMisses: number;
  /** Bytes of that cache in use. */
  readonly blockCacheBytes: number;
  /** Bytes of the files of blocks. */
  readonly blockFileBytes: number;
  /** Live bytes of the upper level of the table. */
  readonly upperTableBytes: number;
  /** Live bytes of its bottom level. */
  readonly bottomTableBytes: number;
  /** Bytes of sled's files. */
  readonly indexBytes: number;
  /** Bytes of the write buffer in use. */
  readonly writeBufferBytes: number;
  /** Entries in it. */
  readonly writeBufferEntries: number;
  /** Bytes of the buffer that is on its way into the table. */
  readonly sealedBufferBytes: number;
  /** Bytes of the entry cache in use. */
  readonly cacheBytes: number;
  /** The version of the newest commit. */
  readonly version: number;
  /** Snapshots that are open; a range that is being read holds one. */
  readonly openSnapshots: number;
  /** The age of the oldest of them; 0 when there is none. */
  readonly oldestSnapshotMs: number;
  /** Bytes of the engine's memory, which never shrinks. */
  readonly memoryBytes: number;
}

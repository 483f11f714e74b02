/**
 * The figures of a store.
 *
 * @module
 */

/** What each figure is. Counters count since the store was opened; sizes are in bytes, times in milliseconds. */
const FIGURES = {
  /** Commits: a batch is one. */
  commits: "commits",
  /** Values that were put. */
  puts: "puts",
  /** Keys that were deleted, there or not. */
  deletes: "deletes",
  /** Bytes of keys and values that were put. */
  putBytes: "put_bytes",
  /** Reads of one key. */
  gets: "gets",
  /** Reads that the write buffers answered. */
  memtableHits: "memtable_hits",
  /** Reads that the entry cache answered. */
  cacheHits: "cache_hits",
  /** Reads that it did not. */
  cacheMisses: "cache_misses",
  /** Reads that the table answered. */
  tableHits: "table_hits",
  /** Reads of keys that are nowhere. */
  tableMisses: "table_misses",
  /** Bytes written to the log. */
  logWrittenBytes: "log_written_bytes",
  /** Syncs of the log. */
  logSyncs: "log_syncs",
  /** Files of the log. */
  logSegments: "log_segments",
  /** Bytes of these files. */
  logFileBytes: "log_file_bytes",
  /** Bytes of large values in them that the table leads to. */
  logLiveBytes: "log_live_bytes",
  /** Bytes of large values that were moved, to empty files. */
  logMovedBytes: "log_moved_bytes",
  /** Write buffers that were moved into the table whole. */
  checkpoints: "checkpoints",
  /** Steps of the work behind the commits. */
  checkpointSteps: "checkpoint_steps",
  /** Blocks of the table that were written. */
  blocksWritten: "blocks_written",
  /** Bytes written to files of blocks. */
  blockWrittenBytes: "block_written_bytes",
  /** Syncs of such files. */
  blockSyncs: "block_syncs",
  /** Blocks that the cache had. */
  blockCacheHits: "block_cache_hits",
  /** Blocks that it had not. */
  blockCacheMisses: "block_cache_misses",
  /** Bytes of that cache in use. */
  blockCacheBytes: "block_cache_bytes",
  /** Bytes of the files of blocks. */
  blockFileBytes: "block_file_bytes",
  /** Live bytes of the upper level of the table. */
  upperTableBytes: "upper_table_bytes",
  /** Live bytes of its bottom level. */
  bottomTableBytes: "bottom_table_bytes",
  /** Bytes of sled's files. */
  indexBytes: "index_bytes",
  /** Bytes of the write buffer in use. */
  writeBufferBytes: "write_buffer_bytes",
  /** Entries in it. */
  writeBufferEntries: "write_buffer_entries",
  /** Bytes of the buffer that is on its way into the table. */
  sealedBufferBytes: "sealed_buffer_bytes",
  /** Bytes of the entry cache in use. */
  cacheBytes: "cache_bytes",
  /** The version of the newest commit. */
  version: "version",
  /** Snapshots that are open; a range that is being read holds one. */
  openSnapshots: "open_snapshots",
  /** The age of the oldest of them; 0 when there is none. */
  oldestSnapshotMs: "oldest_snapshot_ms",
} as const;

/** The figures of a store: see {@linkcode SledStore.metrics}. */
export type StoreMetrics = { readonly [Name in keyof typeof FIGURES]: number } & {
  /** Bytes of the engine's memory, which never shrinks. */
  readonly memoryBytes: number;
  /** The longest step of the work behind the commits that the store ran between turns of the event loop. */
  readonly longestStepMs: number;
};

/** Figures under their names here; one that is not given is `absent`. */
export function toMetrics(
  figures: ReadonlyMap<string, number>,
  memoryBytes: number,
  absent: number = Number.NaN,
): Omit<StoreMetrics, "longestStepMs"> {
  const named = Object.entries(FIGURES).map(([name, engineName]) => [name, figures.get(engineName) ?? absent]);
  return { ...(Object.fromEntries(named) as Record<keyof typeof FIGURES, number>), memoryBytes };
}

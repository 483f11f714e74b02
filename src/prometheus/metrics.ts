/**
 * What each figure of a store is, for tools that collect figures.
 *
 * @module
 */

import type { StoreMetrics } from "../api/metrics.ts";

/** What a figure is. */
export interface MetricDescription {
  /** A counter only grows, from 0 at `open`. A gauge is a present value, and may fall. */
  readonly type: "counter" | "gauge";
  /** The unit; absent for a plain number. */
  readonly unit?: "bytes" | "milliseconds";
  /** What it says, in one sentence. */
  readonly help: string;
}

const counter = (help: string): MetricDescription => ({ type: "counter", help });
const gauge = (help: string): MetricDescription => ({ type: "gauge", help });
const writtenBytes = (help: string): MetricDescription => ({ type: "counter", unit: "bytes", help });
const bytes = (help: string): MetricDescription => ({ type: "gauge", unit: "bytes", help });

/**
 * Describes each figure of `metrics()`, by its name.
 *
 * @example
 * ```ts
 * import { METRICS, type MetricDescription } from "@luge/luge/prometheus";
 * import assert from "node:assert/strict";
 *
 * const description: MetricDescription = METRICS.logFileBytes;
 * assert.deepEqual([description.type, description.unit], ["gauge", "bytes"]);
 * ```
 */
export const METRICS: Readonly<Record<keyof StoreMetrics, MetricDescription>> = {
  commits: counter("Commits. A batch is one."),
  puts: counter("Keys that were put."),
  deletes: counter("Deletions of keys."),
  putBytes: writtenBytes("Keys and values that were put."),
  gets: counter("Reads of one key."),
  memtableHits: counter("Reads that the write buffers answered."),
  cacheHits: counter("Reads that the entry cache answered."),
  cacheMisses: counter("Reads that the entry cache did not answer."),
  tableHits: counter("Reads that the table answered."),
  tableMisses: counter("Reads that found no key in the table."),
  entriesVisited: counter("Entries that ranges and counts looked at."),
  logWrittenBytes: writtenBytes("Written to the log."),
  logSyncs: counter("Syncs of the log."),
  logSegments: gauge("Files of the log."),
  logFileBytes: bytes("Size of the files of the log."),
  logLiveBytes: bytes("Large values in the log that the table refers to."),
  logMovedBytes: writtenBytes("Large values that were moved so that files could be removed."),
  checkpoints: counter("Write buffers that were completely moved into the table."),
  checkpointSteps: counter("Steps of the background work."),
  stepMs: { type: "counter", unit: "milliseconds", help: "Time of all steps of the background work." },
  longestStepMs: { type: "gauge", unit: "milliseconds", help: "The longest step of the background work." },
  workerJobs: counter("Parts of merges and descents that a worker thread did."),
  workerFailures: counter("Worker threads that failed or could not start."),
  blocksWritten: counter("Blocks of the table that were written."),
  blockWrittenBytes: writtenBytes("Written to files of blocks."),
  blockSyncs: counter("Syncs of the files of blocks."),
  blockCacheHits: counter("Reads of blocks that the cache answered."),
  blockCacheMisses: counter("Reads of blocks that the cache did not answer."),
  blockCacheBytes: bytes("Block cache in use."),
  blockFileBytes: bytes("Size of the files of blocks."),
  compressionInputBytes: writtenBytes("Blocks and large values before their compression."),
  compressionOutputBytes: writtenBytes("The same after their compression."),
  upperTableBytes: bytes("Live blocks of the upper level of the table."),
  bottomTableBytes: bytes("Live blocks of the bottom level of the table."),
  indexBytes: bytes("Size of the files of the index."),
  writeBufferBytes: bytes("Write buffer in use."),
  writeBufferEntries: gauge("Entries in the write buffer."),
  sealedBufferBytes: bytes("Write buffer that is being merged into the table."),
  cacheBytes: bytes("Entry cache in use."),
  version: { type: "gauge", help: "The version of the newest commit." },
  openSnapshots: gauge("Open snapshots. A range that is being read has one."),
  oldestSnapshotMs: { type: "gauge", unit: "milliseconds", help: "The age of the oldest open snapshot." },
  memoryBytes: bytes("Memory of the engine, which never shrinks."),
};

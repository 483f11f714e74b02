/**
 * luge: an embedded, crash-safe key-value store for Deno, Bun and Node. The engine is written in Rust, over sled, and
 * runs in WebAssembly. There is no native addon and no install script. The files are the same on every runtime.
 *
 * @example
 * ```ts
 * import { MemoryStore, open, type Store } from "@luge/luge";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const store: Store = process.env.TESTING ? new MemoryStore() : await open(await mkdtemp(`${tmpdir()}/example-`));
 * await store.put("city/berlin", "3,700,000");
 * for (const [key, value] of await store.scan("city/")) console.log(key, new TextDecoder().decode(value));
 * await store.close();
 * ```
 *
 * @module
 */

export type { AsyncStore } from "./src/api/async_store.ts";
export type {
  BackupHeader,
  BackupInfo,
  BackupOptions,
  ForkResult,
  RestoreOptions,
  RestoreResult,
} from "./src/api/backup.ts";
export type { Change, ChangeIn, DeleteChange, PutChange, WatchedRanges, WatchOptions } from "./src/api/changes.ts";
export type {
  Compression,
  EngineSource,
  FollowedStoreConfig,
  MemoryStoreOptions,
  RemoteStoreConfig,
  SharedStoreConfig,
  SledStoreConfig,
  StorePlace,
  StoreWait,
} from "./src/api/config.ts";
export type { LongOptions, StoreRecord, ValueEntry } from "./src/api/entries.ts";
export type { StoreErrorCode } from "./src/api/errors.ts";
export type { CommitEvent, FailureEvent, OpenEvent, StoreEvent, StoreEvents, TimedEvent } from "./src/api/events.ts";
export type {
  DirectoryEntry,
  DirectoryLock,
  FileKind,
  FileOpenOptions,
  FileStat,
  FileSystem,
  OpenFile,
} from "./src/api/file_system.ts";
export type { Key, KeyEncoding, KeyIn, Value } from "./src/api/keys.ts";
export type { LatencyBucket, LatencyHistogram, StoreLatencies } from "./src/api/latencies.ts";
export { type Logger, LoggingLevel } from "./src/api/logger.ts";
export type { CompactResult, Damage, VerifyResult } from "./src/api/maintenance.ts";
export type { StoreMetrics } from "./src/api/metrics.ts";
export type { AsyncRangeCursor, AsyncRangeIterable, KeyRange, RangeCursor, RangeIterable } from "./src/api/range.ts";
export type { AsyncReader, AsyncSnapshot, Reader, ReadRange, Snapshot, SnapshotRange } from "./src/api/reader.ts";
export type { Following, ListenOptions, SharedStore, StoreListener } from "./src/api/shared_store.ts";
export type { Store } from "./src/api/store.ts";
export type {
  AsyncTransaction,
  AsyncTransactionView,
  Transaction,
  TransactionOptions,
  TransactionView,
} from "./src/api/transaction.ts";
export type { AsyncView, Codec, KeyCodec, View, ViewOperation, ViewOptions } from "./src/api/view.ts";
export type { AsyncViewReader, ViewKey, ViewReader } from "./src/api/view_reader.ts";
export type {
  BatchOperation,
  Check,
  CommitOptions,
  ExpiryOptions,
  KeyVersion,
  MergeOperation,
  PutOptions,
  WriteOptions,
} from "./src/api/writes.ts";
export { inspectBackup, readBackupHeader } from "./src/backup/inspect.ts";
export { jsonCodec, utf8Codec } from "./src/codecs/text.ts";
export { defaultConfig } from "./src/config.ts";
export { destroy, exists } from "./src/destroy.ts";
export { StoreError } from "./src/errors.ts";
export { MemoryFileSystem } from "./src/fs/memory.ts";
export { NodeFileSystem } from "./src/fs/node.ts";
export { MemoryStore } from "./src/memory_store.ts";
export { open } from "./src/open.ts";
export { SledStore } from "./src/sled_store.ts";

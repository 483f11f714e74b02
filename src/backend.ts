/**
 * The interface between a store and its data: an engine on disk, or memory.
 *
 * @module
 */

import type { KeyEncoding, KeyIn } from "./api/keys.ts";
import type { Damage } from "./api/maintenance.ts";
import type { StoreMetrics } from "./api/metrics.ts";
import type { ByteRange } from "./byte_range.ts";
import type { KeyFormat } from "./key_format.ts";

/** How many entries one page or one count looks at, skipped ones included. Takes some milliseconds at most. */
export const PAGE_VISITS = 8192;

/** Is above every version. */
export const NEWEST: number = Number.MAX_SAFE_INTEGER;

/** A value with its version and expiry. */
export interface StoredValue {
  readonly value: Uint8Array<ArrayBuffer>;
  readonly version: number;
  /** In milliseconds since 1970; 0 for never. */
  readonly expiresMs: number;
}

/** When a version was written, in milliseconds since 1970. */
export interface WriteTime {
  readonly writtenAt: number;
  readonly writtenBefore: number;
}

/** Written in this millisecond. */
export function exactly(ms: number): WriteTime {
  return { writtenAt: ms, writtenBefore: ms + 1 };
}

/** One version of a key. */
export interface StoredVersion {
  readonly version: number;
  /** In milliseconds since 1970; 0 for never. */
  readonly expiresMs: number;
  /** `undefined` if the key was deleted or the value has expired. */
  readonly value: Uint8Array<ArrayBuffer> | undefined;
  /** Absent if it is not known, or nobody asked. */
  readonly written?: WriteTime | undefined;
}

/**
 * A position among the versions of a key: after `listed` newer versions, at the first one that is not above `below`.
 */
export interface VersionPlace {
  readonly below: number;
  readonly listed: number;
}

/** Some versions of a key. */
export interface VersionPage {
  readonly versions: StoredVersion[];
  /** Where the next page begins; `undefined` at the end. */
  readonly next: VersionPlace | undefined;
}

/** One version of a key, with the key. */
export interface StoredChange extends StoredVersion {
  readonly key: Uint8Array;
}

/** An operation of a batch. */
export interface StoredOperation {
  readonly key: Uint8Array;
  /** `undefined` deletes the key. */
  readonly value: Uint8Array | undefined;
  /** In milliseconds since 1970; 0 for never. Below 0 a merge keeps the expiry of the value. */
  readonly expiresMs: number;
  /** How it merges its value into the present one, as a number of the engine's `How`; nothing or 0 for a put. */
  readonly merge?: number | undefined;
}

/** A version of a key that a restore writes. */
export interface RestoredChange extends StoredOperation {
  readonly version: number;
}

/** The operations of a commit: an array of them, or an {@linkcode EncodedBatch}. */
export interface Operations extends Iterable<StoredOperation> {
  readonly length: number;
}

/** Some entries of a range, from its start. */
export interface Page<E extends KeyEncoding> {
  readonly keys: KeyIn<E>[];
  /** One for each key, or none if the caller asked for keys alone. */
  readonly values: Uint8Array<ArrayBuffer>[];
  /** If the caller asked for versions: one for each key, and its expiry in milliseconds since 1970, or 0. */
  readonly versions?: readonly number[];
  readonly expiries?: readonly number[];
  /** The key after which the range continues; `undefined` at its end. */
  readonly last: Uint8Array | undefined;
  /** Whether the values may share a buffer with each other. Default: `false`. */
  readonly isShared?: boolean;
  /** The values as an iterator decoded them, all at once. */
  decoded?: unknown[];
}

/** A count of entries from the start of a range. */
export interface Counted {
  readonly count: number;
  /** The key after which the range continues; `undefined` at its end. */
  readonly last: Uint8Array | undefined;
}

/** About how many bytes a part of a range takes. */
export interface Sized {
  readonly bytes: number;
  /** Where the next part begins, for the same backend; `undefined` at the end. */
  readonly next: Uint8Array<ArrayBuffer> | undefined;
}

/** A position among changes: at the first version of `key` that is not above `version`. */
export interface ChangePlace {
  /** In the order of the commits: empty for the start of the version. */
  readonly key: Uint8Array;
  readonly version: number;
}

/** Some changes; the page may be empty. */
export interface ChangePage {
  readonly changes: StoredChange[];
  /** Where the next page begins; `undefined` at the end. */
  readonly next: ChangePlace | undefined;
}

/** The newest version of a key. */
export interface StoredNewest extends StoredChange {
  /** Whether the value is too large for the page and must be read separately. */
  readonly isLarge: boolean;
}

/** Bytes before and after the entries of a frame of a backup. They are written once, with the frame. */
export const FRAME_ROOM = { before: 5, after: 8 } as const;

/** The entries of a frame of a backup. */
export interface FramedEntries {
  /** Lie in a separate buffer that has the bytes of {@linkcode FRAME_ROOM} free around them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many entries have a value. */
  readonly values: number;
  /** How many entries are deletions. */
  readonly gone: number;
  /** Bytes of keys and values. */
  readonly content: number;
}

/** The newest versions of some keys, by key. The page may be empty. */
export interface NewestPage {
  /** The first entries, if the backend encodes frames itself. */
  readonly framed?: FramedEntries;
  /** The entries after `framed`. */
  readonly entries: StoredNewest[];
  /** Where the next page begins; `undefined` at the end. */
  readonly next: ChangePlace | undefined;
}

/** Selects the changes after `since` and up to `until`. */
export interface ChangeWindow {
  readonly since: number;
  readonly until: number;
}

/** The result of one step of a verification. */
export interface VerifyStep {
  readonly more: boolean;
  /** How many entries have been read so far. */
  readonly entries: number;
  readonly damages: Damage[];
}

/** Holds the bytes of a store. Arguments are valid. Any error except `OUT_OF_MEMORY` is fatal for the store. */
export interface Backend {
  /** The version of the newest commit. */
  readonly version: number;
  /** No change after this version is missing. */
  readonly changesFrom: number;

  get(key: Uint8Array, version: number): Uint8Array<ArrayBuffer> | undefined;
  entry(key: Uint8Array, version: number): StoredValue | undefined;
  /** The version of the value; `undefined` if there is no value. */
  versionOf(key: Uint8Array, version: number): number | undefined;
  /** A page of a range. It may have no entries although more follow. Looks at as many as {@linkcode Backend.count}. */
  scan<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E>;
  /** Looks at some thousand entries at most, including deleted ones. */
  count(range: ByteRange): Counted;
  /** Looks at the ends of a range alone: not at its direction, limit and version. Reads no value from the disk. */
  sizeOf(range: ByteRange, from: Uint8Array): Sized;
  /** The versions that the store keeps, newest first, beginning at `from`. */
  versions(key: Uint8Array, from?: VersionPlace): VersionPage;

  /** Must copy the bytes that it keeps. Returns the version, as all writes do. */
  put(key: Uint8Array, value: Uint8Array, expiresMs: number): number;
  delete(key: Uint8Array): number;
  /**
   * All operations or none. If a key comes twice, they count one after the other. Throws `WrongBytesError` or `TooLongError`
   * for a merge that is known to be impossible.
   */
  batch(operations: Operations): number;

  /** Keeps the versions that a reader at `version` sees. Returns `false` if some of them have been removed. */
  openSnapshot(version: number): boolean;
  closeSnapshot(version: number): void;
  /** Whether a key of the range was written after the version `since`. */
  changed(range: ByteRange, since: number): boolean;
  /**
   * Changes in the order of the commits, by version and then by key, up to a version. `undefined` if they must be
   * looked up by key. With `keysOnly`, a put that has not expired has a value without bytes.
   */
  commits(range: ByteRange, from: ChangePlace, until: number): ChangePage | undefined;
  /** Changes by key, newest first. A put that has not expired has a value without bytes. */
  changes(range: ByteRange, window: ChangeWindow, from?: ChangePlace): ChangePage;

  /** How many versions of a key the store keeps. */
  readonly versionsToKeep: number;
  /** {@linkcode Backend.newest} misses no key that changed after this version. */
  readonly newestFrom: number;
  /** Keeps the records of keys deleted or expired after a version, until {@linkcode Backend.releaseGone}. */
  holdGone(since: number): void;
  releaseGone(since: number): void;
  /** The newest version of each key that changed in the window, by key. From version 0 on, without deleted keys. */
  newest(from: ChangePlace | undefined, window: ChangeWindow): NewestPage;

  /**
   * Begins to restore a version above every commit, or begins again. Until the end no other read or write is allowed.
   */
  beginRestore(version: number): void;
  /** At most one entry of a key in the whole restore. Entries that exist already stay. */
  restore(entries: readonly RestoredChange[]): void;
  /**
   * As {@linkcode Backend.restore}, for the encoded entries of a frame of a backup. If a backend has this method, {@linkcode
   * Backend.restore} gets only the values that come in pieces.
   */
  restoreFrame?(entries: Uint8Array): void;
  /** Makes the restored version the newest one. */
  endRestore(): void;

  /** Whether background work is left after the writes. */
  readonly hasWork: boolean;
  /** Does a small part of that work. Returns whether there is more. */
  step(): boolean;
  /** Does a small part of a compaction. Returns whether there is more. */
  compactStep(): boolean;
  /** Verifies a small part, beginning at the start if `first`. */
  verifyStep(first: boolean): VerifyStep;
  /** The size of the data in bytes. */
  sizeBytes(): number;
  metrics(): StoreMetrics;

  /** The disk of the data; `undefined` for data in memory. */
  readonly disk: Disk | undefined;
  /** Releases everything, as a crash would. */
  abandon(): void;
}

/** The additional part of a backend with durable data. Errors are as fatal as those of {@linkcode Backend}. */
export interface Disk {
  /** Whether background work has fallen behind the writes, so that the next writes would have to do some of it. */
  readonly isBehind: boolean;
  /** The syncs that a step must wait for; `undefined` for nothing. A step that does not wait may block for them. */
  congestion(): Promise<void> | undefined;
  /** Begins to write everything to the operating system; `undefined` if that is done already. */
  writeOut(): Promise<void> | undefined;
  /** Begins to make everything durable; `undefined` if it is durable already. */
  sync(): Promise<void> | undefined;
  /** As {@linkcode Disk.writeOut}, but returns when it is done. */
  writeOutNow(): void;
  /** As {@linkcode Disk.sync}, but returns when it is done. */
  syncNow(): void;
  /** Settles when all syncs that were asked for so far are done. */
  filesSettled(): Promise<void>;
  /**
   * Ends the segments that are being written: existing segments never change again. Settles as {@linkcode
   * Disk.filesSettled} does.
   */
  endSegments(): Promise<void>;
  /**
   * As {@linkcode Disk.endSegments}, but returns when it is done. May raise the newest version. A copy of the files has
   * that version.
   */
  endSegmentsNow(): void;
  /** Calls `listener` if the disk fails outside of any call. */
  onFailure(listener: (error: unknown) => void): void;
  /** Calls `listener` after each sync of the log, with its milliseconds. */
  onSync(listener: (ms: number) => void): void;
  /** Does a small part of closing. Returns whether there is more. */
  closeStep(): boolean;
  /** Releases everything once all writes are durable. */
  close(): Promise<void>;
}

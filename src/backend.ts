/**
 * What a store needs of whatever holds its data.
 *
 * @module
 */

import type { KeyEncoding, KeyIn } from "./api/keys.ts";
import type { StoreMetrics } from "./api/metrics.ts";
import type { Damage } from "./api/store.ts";
import type { ByteRange } from "./byte_range.ts";
import type { KeyFormat } from "./key_format.ts";

/** Entries that one page or count looks at, those that do not count as well: some milliseconds at most. */
export const PAGE_VISITS = 8192;

/** Above every version. */
export const NEWEST: number = Number.MAX_SAFE_INTEGER;

/** A value with what is known of it. */
export interface StoredValue {
  readonly value: Uint8Array;
  readonly version: number;
  /** In milliseconds since 1970; 0 for never. */
  readonly expiresMs: number;
}

/** One version of a key. */
export interface StoredVersion {
  readonly version: number;
  /** In milliseconds since 1970; 0 for never. */
  readonly expiresMs: number;
  /** `undefined` when the key was deleted, or the value has expired. */
  readonly value: Uint8Array | undefined;
}

/** A place among the versions of a key: behind so many newer ones, before the first that is not above `below`. */
export interface VersionPlace {
  readonly below: number;
  readonly listed: number;
}

/** Some versions of a key. */
export interface VersionPage {
  readonly versions: StoredVersion[];
  /** Where to go on; `undefined` at the end. */
  readonly next: VersionPlace | undefined;
}

/** One version of a key, and which. */
export interface StoredChange extends StoredVersion {
  readonly key: Uint8Array;
}

/** An operation of a batch. */
export interface StoredOperation {
  readonly key: Uint8Array;
  /** `undefined` deletes the key. */
  readonly value: Uint8Array | undefined;
  /** In milliseconds since 1970; 0 for never. */
  readonly expiresMs: number;
}

/** Some entries of a range, from its start. */
export interface Page<E extends KeyEncoding> {
  readonly keys: KeyIn<E>[];
  /** As many as there are keys, or none for a range of keys alone. */
  readonly values: Uint8Array[];
  /** The key behind which the range goes on; `undefined` at its end. */
  readonly last: Uint8Array | undefined;
  /** Whether the values may share a buffer with each other. Default: `false`. */
  readonly isShared?: boolean;
  /** The values as a walk has decoded them, all at once. */
  decoded?: unknown[];
}

/** A count of entries from the start of a range. */
export interface Counted {
  readonly count: number;
  /** The key behind which the range goes on; `undefined` at its end. */
  readonly last: Uint8Array | undefined;
}

/** A place among changes: before the first version of a key that is not above this one. */
export interface ChangePlace {
  /** In the order of the commits empty for the start of the version's. */
  readonly key: Uint8Array;
  readonly version: number;
}

/** Some changes; there may be none of them. */
export interface ChangePage {
  readonly changes: StoredChange[];
  /** Where to go on; `undefined` at the end. */
  readonly next: ChangePlace | undefined;
}

/** The newest version of a key. */
export interface StoredNewest extends StoredChange {
  /** Whether it has a value that is to be read on its own. */
  readonly isLarge: boolean;
}

/** Some of them, by key; there may be none. */
export interface NewestPage {
  readonly entries: StoredNewest[];
  /** Where to go on; `undefined` at the end. */
  readonly next: ChangePlace | undefined;
}

/** Which changes: those after `since` and up to `until`. */
export interface ChangeWindow {
  readonly since: number;
  readonly until: number;
}

/** What one step of a verification found. */
export interface VerifyStep {
  readonly more: boolean;
  /** How many entries were read so far. */
  readonly entries: number;
  readonly damages: Damage[];
}

/** Holds the bytes of a store. Arguments are valid; a call that throws anything but `OUT_OF_MEMORY` is fatal. */
export interface Backend {
  /** The version of the newest commit. */
  readonly version: number;
  /** From which version on no change is missing. */
  readonly changesFrom: number;

  get(key: Uint8Array, version: number): Uint8Array | undefined;
  entry(key: Uint8Array, version: number): StoredValue | undefined;
  /** The version of the value; `undefined` when there is none. */
  versionOf(key: Uint8Array, version: number): number | undefined;
  /** A page of a range: there may be no entries on it, and more after it. Looks at as many as {@linkcode Backend.count}. */
  scan<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E>;
  /** Looks at some thousand entries at most, deleted ones as well. */
  count(range: ByteRange): Counted;
  /** The versions that are kept, newest first, from a place on. */
  versions(key: Uint8Array, from?: VersionPlace): VersionPage;

  /** Must copy what it keeps. Returns the version, as all writes do. */
  put(key: Uint8Array, value: Uint8Array, expiresMs: number): number;
  delete(key: Uint8Array): number;
  /** All or none; where a key comes twice, the last one counts. */
  batch(operations: readonly StoredOperation[]): number;

  /** Keeps what is there at a version; `false` when not all of it is there any more. */
  openSnapshot(version: number): boolean;
  closeSnapshot(version: number): void;
  /** Whether a key of the range was written after a version. */
  changed(range: ByteRange, since: number): boolean;
  /**
   * Changes in the order of the commits, by version and then by key, up to a version; `undefined` when they must be looked for by
   * key. Of keys alone, values that are not gone have no bytes.
   */
  commits(range: ByteRange, from: ChangePlace, until: number): ChangePage | undefined;
  /** Changes by key, newest first, without values: those that are not gone have one of no bytes. */
  changes(range: ByteRange, window: ChangeWindow, from?: ChangePlace): ChangePage;

  /** How many versions of a key are kept. */
  readonly versionsToKeep: number;
  /** From which version on {@linkcode Backend.newest} misses no key that changed. */
  readonly newestFrom: number;
  /** Keeps what says that keys are gone since a version, until {@linkcode Backend.releaseGone}. */
  holdGone(since: number): void;
  releaseGone(since: number): void;
  /** Of each key that changed in the window its newest version there, by key; from version 0 on without those that are gone. */
  newest(from: ChangePlace | undefined, window: ChangeWindow): NewestPage;

  /** Begins to restore a version above every commit, or begins again. Until the end nothing else may be read or written. */
  beginRestore(version: number): void;
  /** At most one entry of a key in the whole restore; what is there already stays. */
  restore(entries: readonly StoredChange[]): void;
  /** From here on the version that is restored is the newest one. */
  endRestore(): void;

  /** Whether there is work behind the writes. */
  readonly hasWork: boolean;
  /** Does a small part of that work; says whether there is more. */
  step(): boolean;
  /** Does a small part of a compaction; says whether there is more. */
  compactStep(): boolean;
  /** Verifies a small part, from the start on with `first`. */
  verifyStep(first: boolean): VerifyStep;
  /** Bytes that the data takes. */
  sizeBytes(): number;
  metrics(): StoreMetrics;

  /** Where the data lasts; `undefined` where it does not. */
  readonly disk: Disk | undefined;
  /** Gives everything back, as a crash would. */
  abandon(): void;
}

/** What a backend whose data lasts owes its disk. Errors are as fatal as those of {@linkcode Backend}. */
export interface Disk {
  /** Whether the work behind the writes is behind them: the next ones would have to do some of it. */
  readonly isBehind: boolean;
  /** What to wait for before more such work is asked for: files that are synced; `undefined` for nothing. */
  congestion(): Promise<void> | undefined;
  /** Begins to hand everything to the operating system; `undefined` when it is done already. */
  writeOut(): Promise<void> | undefined;
  /** Begins to make everything durable; `undefined` when it is so already. */
  sync(): Promise<void> | undefined;
  /** As {@linkcode Disk.writeOut}, and returns when it is done. */
  writeOutNow(): void;
  /** As {@linkcode Disk.sync}, and returns when it is done. */
  syncNow(): void;
  /** Settles when the files are as all calls so far left them. */
  filesSettled(): Promise<void>;
  /** Calls when the disk failed outside of any call. */
  onFailure(listener: (error: unknown) => void): void;
  /** Does a small part of closing; says whether there is more. */
  closeStep(): boolean;
  /** Gives everything back, once all that was written is durable. */
  close(): Promise<void>;
}

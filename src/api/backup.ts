/**
 * Backups of a store.
 *
 * @module
 */

/**
 * Options of a backup.
 *
 * @example
 * ```ts
 * import { type BackupOptions, MemoryStore, type RestoreOptions, type RestoreResult } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const signal = AbortSignal.timeout(60_000);
 * const [store, copy] = [new MemoryStore(), new MemoryStore()];
 * await store.put("city", "Berlin");
 * const whole: RestoreOptions = { signal };
 * const { version }: RestoreResult = await copy.restore(store.backup({ signal }), whole);
 *
 * await store.delete("city");
 * const increment: BackupOptions = { since: version, signal };
 * const restored = await copy.restore(store.backup(increment));
 * assert.deepEqual(restored, { version: store.version, entries: 0, deletions: 1, bytes: 4 });
 * ```
 */
export interface BackupOptions {
  /**
   * Makes an increment: only the changes after this version, with deletions. An increment fits a store that is at
   * exactly this version, such as one that was restored from the backup of this version. Default: everything.
   */
  readonly since?: number | undefined;
  /** Ends the backup: the stream errors with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a restore. */
export interface RestoreOptions {
  /**
   * Ends the restore while it reads the stream: the store stays as it was. After the last byte the signal has no
   * effect.
   */
  readonly signal?: AbortSignal | undefined;
}

/** The result of a restore. */
export interface RestoreResult {
  /** The version of the store after the restore. */
  readonly version: number;
  /** How many entries were restored, without deletions. */
  readonly entries: number;
  /** How many keys were deleted. */
  readonly deletions: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
}

/**
 * The fields at the start of a backup.
 *
 * @example
 * ```ts
 * import { type BackupHeader, type BackupInfo, inspectBackup, MemoryStore, readBackupHeader } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore({ numVersionsToKeep: 2 });
 * await store.put("city", "Berlin");
 * const header: BackupHeader = await readBackupHeader(store.backup()); // the start alone
 * const info: BackupInfo = await inspectBackup(store.backup()); // all of it, checked
 * assert.deepEqual([header.isIncrement, header.to, header.numVersionsToKeep], [false, store.version, 2]);
 * assert.deepEqual([info.to, info.entries, info.deletions], [header.to, 1, 0]);
 * ```
 */
export interface BackupHeader {
  /** The version that an increment continues; 0 for a full backup. */
  readonly from: number;
  /** The version of the store that was backed up. */
  readonly to: number;
  /** Whether it has only the changes after `from`. */
  readonly isIncrement: boolean;
  /** When the backup began, in milliseconds since 1970, by the clock of the machine that made it. */
  readonly created: number;
  /** How many versions of a key the store kept. The backup has the newest one of each. */
  readonly numVersionsToKeep: number;
}

/**
 * The result of `fork`.
 *
 * @example
 * ```ts
 * import { type ForkResult, MemoryFileSystem, open } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
 * await store.put("city", "Berlin");
 * const { version, copyReason }: ForkResult = await store.fork("/fork");
 * assert.deepEqual([version, copyReason], [store.version, undefined]);
 * ```
 */
export interface ForkResult {
  /** The version of the store when it was forked: the fork has all commits up to it. */
  readonly version: number;
  /** Bytes of the files that both stores share as hard links. They take disk space once. */
  readonly linkedBytes: number;
  /** Bytes of the files that were copied. */
  readonly copiedBytes: number;
  /** Why luge copied files that it usually links, such as `"EXDEV: …"`; `undefined` if it linked them. */
  readonly copyReason: string | undefined;
}

/** The content of a backup, found by reading all of it. */
export interface BackupInfo extends BackupHeader {
  /** How many entries there are, without deletions. */
  readonly entries: number;
  /** How many deletions there are; expired values count as deleted. */
  readonly deletions: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
  /** Bytes of the backup. */
  readonly size: number;
}

/**
 * Backups of a store.
 *
 * @module
 */

/** What a backup has, and how long it may take. */
export interface BackupOptions {
  /**
   * Makes an increment: only what changed after this version, deletions included. It can be restored to a store that is
   * exactly at this version, as one that the backup of this version was restored to. Default: everything.
   */
  readonly since?: number;
  /** Ends the backup: the stream errors with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a backup is restored. */
export interface RestoreOptions {
  /** Ends the restore while it reads the stream: the store is as it was then. Once all was read it goes on to its end. */
  readonly signal?: AbortSignal;
}

/** What was restored. */
export interface RestoreResult {
  /** The version that the store is at. */
  readonly version: number;
  /** How many entries came, deletions not counted. */
  readonly entries: number;
  /** How many keys were deleted. */
  readonly deletions: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
}

/** What stands at the start of a backup. */
export interface BackupHeader {
  /** The version that an increment continues; 0 for a full backup. */
  readonly from: number;
  /** The version of the store that was backed up. */
  readonly to: number;
  /** Whether it has only what changed after `from`. */
  readonly isIncrement: boolean;
  /** When it was begun, in milliseconds since 1970, by the clock of the machine that made it. */
  readonly created: number;
  /** How many versions of a key the store kept. The backup has the newest one of each. */
  readonly numVersionsToKeep: number;
}

/** What a backup holds, found by reading all of it. */
export interface BackupInfo extends BackupHeader {
  /** How many entries there are, deletions not counted. */
  readonly entries: number;
  /** How many deletions there are; expired values count as deleted. */
  readonly deletions: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
  /** Bytes of the backup. */
  readonly size: number;
}

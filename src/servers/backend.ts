/**
 * The interface between a store over a server and that server: {@linkcode AsyncBackend}.
 *
 * A store checks and encodes what callers pass. It makes groups of writes, walks, transactions and watches. A backend
 * reads, commits and tells changes, each call in as few round trips as it can. Keys are whole keys in bytes.
 *
 * @module
 */

import type { StoredOperation, StoredValue, StoredVersion } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";

/** What a backend can take. The store refuses what is larger, with the name of the backend, before it sends anything. */
export interface BackendLimits {
  /** Bytes of a key at most. */
  readonly keyBytes: number;
  /** Bytes of a value at most. */
  readonly valueBytes: number;
  /** Operations of one request at most. */
  readonly operations: number;
  /** Bytes of keys and values of one request at most. */
  readonly commitBytes: number;
  /** How many requests the store may put into one group: 1 for no groups. */
  readonly groupRequests: number;
  /** A group that has as many operations or bytes gets no further request. It is never above the limit of a request. */
  readonly groupOperations: number;
  readonly groupBytes: number;
  /** Whether a group may write a key only once. */
  readonly writesKeysOnce: boolean;
}

/** A key, and the version that its value must have; 0 if there must be no value. */
export interface KeyCheck {
  readonly key: Uint8Array;
  readonly version: number;
}

/** What a transaction read at a version. No other commit may have changed it since. */
export interface ReadCheck {
  readonly since: number;
  readonly keys: readonly Uint8Array[];
  /** The ends of the ranges count, and nothing else. A range without ends is the whole store. */
  readonly ranges: readonly ByteRange[];
}

/** Writes what comes of the present value. */
export interface ChangeOperation {
  readonly key: Uint8Array;
  /**
   * Says what is written; `undefined` for nothing. A backend may call it several times: the last call before the commit
   * counts. What it throws is the outcome of the request, and nothing of the request is written.
   */
  readonly change: (found: StoredValue | undefined) => Omit<StoredOperation, "key"> | undefined;
}

/** An operation of a request. */
export type AsyncOperation = StoredOperation | ChangeOperation;

/** Whether what an operation writes depends on the present value. */
export function isChange(operation: AsyncOperation): operation is ChangeOperation {
  return "change" in operation;
}

/** A commit that a caller asked for: all of it or nothing. Each key is in one operation at most. */
export interface CommitRequest {
  readonly operations: readonly AsyncOperation[];
  readonly checks: readonly KeyCheck[];
  readonly reads: ReadCheck | undefined;
}

/** What came of a request. */
export type CommitOutcome =
  | {
      readonly state: "done";
      /** The version of the commit; the newest one if nothing was written. */
      readonly version: number;
      /** How many of the keys that the request deletes had a value. */
      readonly existed: number;
    }
  /** A check is not true, or others changed what was read. Nothing of the request is written. */
  | { readonly state: "refused" }
  /**
   * This request failed, and others of its group may be done: a {@linkcode ChangeOperation} threw this error, or the
   * backend. Nothing of it is written, unless it is `OUTCOME_UNKNOWN`.
   */
  | { readonly state: "failed"; readonly error: unknown };

/** A part of a range. Its `limit`, `reverse`, `keysOnly`, `pageBytes` and `version` count. */
export interface ScannedRange extends ByteRange {
  /**
   * Only entries that were written after this version, with keys that were deleted or have expired: their value is
   * `undefined`. Their expiry is above 0 if they have expired.
   */
  readonly changedSince?: number;
}

/** An entry of a page. */
export interface ScannedEntry extends StoredVersion {
  readonly key: Uint8Array;
}

/** Some entries of a range, from its start. */
export interface ScannedPage {
  /** The version at which they were read. */
  readonly version: number;
  /** With `keysOnly` an entry that has a value shows one without bytes. */
  readonly entries: readonly ScannedEntry[];
  /** The key after which the range continues; `undefined` at its end. The page may have no entries although more follow. */
  readonly last: Uint8Array | undefined;
  /** Whether values are views of one buffer that cannot be transferred. */
  readonly isShared?: boolean;
}

/** A sum over a range, from its start: of entries, or of bytes. */
export interface SummedPage {
  readonly version: number;
  readonly sum: number;
  /** The key after which the range continues; `undefined` at its end. */
  readonly last: Uint8Array | undefined;
}

/** Some changes, in the order of the commits: by version, and then by key. */
export interface ChangedPage {
  readonly changes: readonly ScannedEntry[];
  /** All changes up to this version are in this page, or in pages before it; lower than the newest if more follow. */
  readonly seen: number;
  /** The key after which the changes of version `seen + 1` continue; `undefined` if none of them is in the page. */
  readonly last: Uint8Array | undefined;
}

/** A version that the backend keeps: reads at this version find what it had. */
export interface HeldVersion {
  readonly version: number;
  /** Ends the hold. Idempotent; never throws. */
  release(): void;
}

/** Entries of a backup on their way. Nothing of it is visible before the end. */
export interface RestoreSink {
  /** Takes entries in the order of their keys; without a value they are deletions, or have expired. */
  write(entries: readonly ScannedEntry[]): Promise<void>;
  /**
   * Makes all of them visible in one step, as the version of the backup. Rejects with `BACKUP_MISMATCH` if the backup
   * does not fit the store any more.
   */
  finish(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** Which backup is restored: an increment continues version `from`. `from` is 0 for a full one. */
export interface RestoredVersions {
  readonly from: number;
  readonly to: number;
  readonly isIncrement: boolean;
}

/** What a backend counted since it was opened. */
export interface BackendFigures {
  /** Calls to the server, with repetitions. */
  readonly calls: number;
  /** Calls that were repeated because the server refused them for the moment, or the connection was lost. */
  readonly retries: number;
  /** Commits that were found done after the connection was lost. */
  readonly recovered: number;
  /** How often the removal of what nobody needs has failed, and the last error of it. It is tried again. */
  readonly failedTrims: number;
  readonly lastFailure: unknown;
}

/**
 * A server that holds the bytes of a store. All arguments are valid and within its limits.
 *
 * Every call repeats what it can repeat without doing it twice, and ends: with a result, or with a `StoreError`.
 * `STORE_UNREACHABLE`: the server did not answer in time; nothing was written. `OUTCOME_UNKNOWN`, from
 * {@linkcode AsyncBackend.commit} alone: the writes may be done or not, and nobody could tell. `ACCESS_DENIED`: wrong
 * user, password or rights. `VERSION_GONE`: the backend has not kept a version. `STORE_CLOSED`: the backend was closed.
 */
export interface AsyncBackend {
  /** For messages, such as `"PostgreSQL"`. */
  readonly name: string;
  readonly limits: BackendLimits;
  /** How many versions of a key it keeps. */
  readonly versionsToKeep: number;

  /** The clock that decides what has expired, in milliseconds since 1970. All expiries are by this clock. */
  now(): number;

  /** The version of the newest commit; 0 without any. */
  newest(): Promise<number>;
  /** The values of keys at one version, in the order of the keys; without a version, at the newest. */
  read(keys: readonly Uint8Array[], version?: number): Promise<readonly (StoredValue | undefined)[]>;
  /** A page of a range. */
  scan(range: ScannedRange): Promise<ScannedPage>;
  /** Counts entries, from the lower end, some ten thousand at most in one call. Its `limit` and `version` count. */
  count(range: ByteRange): Promise<SummedPage>;
  /** Sums the bytes of keys and values of all versions in a range. Looks at its ends alone. */
  size(range: ByteRange): Promise<SummedPage>;
  /** The versions of a key that are kept, newest first. Expired ones and deletions have no value. */
  versions(key: Uint8Array): Promise<readonly StoredVersion[]>;

  /**
   * Does requests, each in full or not at all, in their order. The group is decided together, and durable when this
   * settles. No check, read or deletion of a request concerns a key that an earlier request of the group writes,
   * and no change concerns one that an earlier request with checks or reads writes.
   * Without operations a request only looks at its checks.
   */
  commit(group: readonly CommitRequest[]): Promise<readonly CommitOutcome[]>;

  /**
   * A page of the changes after version `since` in a range, by its ends alone. With `after`, of version `since + 1`
   * only the keys after that one.
   */
  changes(range: ByteRange, since: number, after: Uint8Array | undefined): Promise<ChangedPage>;
  /** Settles when the newest version is above `version`, or may be. Rejects with the signal's reason. */
  news(version: number, signal: AbortSignal): Promise<void>;

  /** Keeps a version until it is released; without one, the newest. */
  hold(version?: number): Promise<HeldVersion>;

  /** Begins to restore a backup. Rejects with `BACKUP_MISMATCH` if it does not fit the store now. */
  restore(versions: RestoredVersions): Promise<RestoreSink>;

  figures(): BackendFigures;
  /** Ends all connections, and what this client holds. Calls that are on their way end first. */
  close(): Promise<void>;
}

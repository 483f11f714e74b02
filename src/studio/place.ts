/**
 * The store that a studio shows, and what it can do.
 *
 * @module
 */

import type { AsyncStore } from "../api/async_store.ts";
import type { StoreLatencies } from "../api/latencies.ts";
import type { CompactResult, VerifyResult } from "../api/maintenance.ts";
import type { StoreMetrics } from "../api/metrics.ts";
import type { PlaceKind, WireBackup, WireSlow } from "./wire.ts";

/** How far a call is that reads files: bytes, 0 of which are unknown. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** What the studio does with backups. The command line implements it, because it has the files. */
export interface Backups {
  /** The directory, for messages. */
  readonly directory: string;
  /** The backups, the oldest first. */
  list(signal: AbortSignal): Promise<readonly WireBackup[]>;
  /** Writes a new backup. With `since` it has only the changes after that version. Returns the name of the file. */
  make(since: number | undefined, signal: AbortSignal): Promise<string>;
  /** Restores the chain up to a version into a new directory beside the backups, whose name it returns. */
  restore(to: number, name: string, signal: AbortSignal): Promise<string>;
}

/** A place. What it cannot do is absent. */
export interface StudioPlace {
  /** The directory or the address, without a token or password. */
  readonly name: string;
  readonly kind: PlaceKind;
  readonly store: AsyncStore;
  readonly canWrite: boolean;
  /** Whether changes can come while the studio runs. */
  readonly isLive: boolean;
  readonly metrics?: (() => Promise<StoreMetrics>) | undefined;
  readonly latencies?: (() => Promise<StoreLatencies>) | undefined;
  readonly slow?: (() => readonly WireSlow[]) | undefined;
  readonly verify?: ((signal: AbortSignal) => Promise<VerifyResult>) | undefined;
  readonly compact?: ((signal: AbortSignal) => Promise<CompactResult>) | undefined;
  /** How far the running verification or compaction is, if the place can tell. */
  readonly progress?: (() => Progress) | undefined;
  readonly backups?: Backups | undefined;
}

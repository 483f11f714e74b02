/**
 * What the page and the server say to each other. Keys and values are base64.
 *
 * @module
 */

import type { LatencyHistogram } from "../api/latencies.ts";
import type { StoreMetrics } from "../api/metrics.ts";

/** Bytes as base64. */
export type Base64 = string;

/** A range of keys. */
export interface WireRange {
  readonly prefix?: Base64;
  readonly gt?: Base64;
  readonly gte?: Base64;
  readonly lt?: Base64;
  readonly lte?: Base64;
}

/** What a place can do. What it cannot do is hidden, and `missing` says why. */
export interface WirePlace {
  readonly name: string;
  readonly kind: PlaceKind;
  readonly version: number;
  readonly canWrite: boolean;
  /** Whether changes of others can come while the studio runs. */
  readonly isLive: boolean;
  readonly can: Readonly<Record<Capability, boolean>>;
  /** What the place cannot do, in sentences. */
  readonly missing: readonly string[];
}

/** Where a store is. */
export type PlaceKind = "directory" | "shared" | "remote" | "postgres" | "etcd";

/** What only some places can do. */
export type Capability = "metrics" | "latencies" | "slow" | "verify" | "compact" | "backups";

/** An entry in a list. Without `size` the value was not read. */
export interface WireRow {
  readonly key: Base64;
  readonly size?: number;
  readonly version?: number;
  readonly expiresAt?: number;
  /** The first bytes of the value. */
  readonly start?: Base64;
}

/** A part of a list. */
export interface WireRows {
  readonly rows: readonly WireRow[];
  /** Whether the range has no entry after these. */
  readonly atEnd: boolean;
}

/** How large a range is. */
export interface WireSize {
  readonly count: number;
  /** Whether `count` is the number of entries, or an estimate. */
  readonly isExact: boolean;
  readonly bytes: number;
}

/** A key and how much of the range is before it, from 0 to 1. */
export interface WireLandmark {
  readonly key: Base64;
  readonly before: number;
}

/** How keys are divided into the levels of a tree. */
export type WireDivision = { readonly kind: "text"; readonly separator: string } | { readonly kind: "tuple" };

/** A branch of the tree. */
export interface WireBranch {
  /** What the branch adds to the one above it. */
  readonly label: string;
  readonly start: Base64;
  readonly gte: Base64;
  /** The first key after the branch; absent for the end of all keys. */
  readonly lt?: Base64;
  readonly bytes: number;
  readonly count: number;
  readonly isExact: boolean;
}

/** One level of the tree. */
export interface WireLevel {
  readonly branches: readonly WireBranch[];
  /** Keys that are in no branch. */
  readonly leaves: number;
  /** Where the level continues; absent at its end. */
  readonly next?: Base64;
}

/** A version of a key. */
export interface WireVersion {
  readonly version: number;
  readonly kind: "put" | "delete" | "expired";
  readonly expiresAt?: number;
  readonly writtenAt?: number;
  readonly size?: number;
  /** The value, or its first bytes if it is long. */
  readonly value?: Base64;
}

/** A change in the feed. */
export interface WireChange {
  readonly type: "put" | "delete";
  readonly key: Base64;
  readonly version: number;
  readonly size?: number;
  readonly start?: Base64;
  readonly expiresAt?: number;
}

/** The figures of a store. */
export interface WireMetrics {
  readonly metrics: StoreMetrics;
  readonly latencies?: Readonly<Record<string, LatencyHistogram>>;
  readonly time: number;
}

/** Something that took long. */
export interface WireSlow {
  readonly time: number;
  readonly message: string;
}

/** A backup in the directory of backups. */
export interface WireBackup {
  readonly file: string;
  readonly size: number;
  readonly from?: number;
  readonly to?: number;
  readonly created?: number;
  readonly isIncrement?: boolean;
  /** Why the file is no backup. */
  readonly problem?: string;
}

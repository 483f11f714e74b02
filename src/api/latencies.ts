/**
 * How long the operations of a store take.
 *
 * @module
 */

/**
 * How many operations took less than a time, and at least the time of the bucket before.
 *
 * @example
 * ```ts
 * import { type LatencyBucket, MemoryStore } from "@luge/luge";
 * import { type LatencyBucket as Bucket } from "@luge/luge/prometheus";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.get("key");
 * const [bucket]: readonly (LatencyBucket & Bucket)[] = store.latencies().get.buckets;
 * assert.ok(bucket?.count === 1 && bucket.belowMs > 0);
 * ```
 */
export interface LatencyBucket {
  /** In milliseconds; `Infinity` in the last bucket, from 115 seconds on. */
  readonly belowMs: number;
  /** How many took that long. */
  readonly count: number;
}

/** How long operations of one kind took. */
export interface LatencyHistogram {
  /** How many were timed. */
  readonly count: number;
  /** How long all of them took, in milliseconds. */
  readonly sumMs: number;
  /** The longest, in milliseconds. */
  readonly maxMs: number;
  /**
   * The buckets that are not empty, the shortest times first. There are four in each power of two, so that a bucket is a
   * quarter of its times wide at most.
   */
  readonly buckets: readonly LatencyBucket[];
}

/**
 * How long the operations of a store took since it was opened. `quantile` of `@luge/luge/prometheus` computes
 * percentiles.
 *
 * @example
 * ```ts
 * import { type LatencyHistogram, MemoryStore, type StoreLatencies } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * for (let i = 0; i < 5090; i++) await store.get("key");
 * const latencies: StoreLatencies = store.latencies();
 * const { count, sumMs, maxMs }: LatencyHistogram = latencies.get;
 * assert.ok(count === 10 && sumMs >= maxMs);
 * ```
 */
export interface StoreLatencies {
  /**
   * `get`, without the time until the promise settles. One call of 509 is timed. With `slowOperation`, all calls of `get`
   * and `getSync` are.
   */
  readonly get: LatencyHistogram;
  /**
   * Groups of writes, from the start of the commit to its end. Writes that wait for each other are one group. A group
   * that need not be durable takes microseconds, and one of 61 is timed.
   */
  readonly commit: LatencyHistogram;
  /** Syncs of the log. */
  readonly sync: LatencyHistogram;
  /** Steps of the background work between turns of the event loop, and those that writers wait for. */
  readonly step: LatencyHistogram;
  /**
   * Transactions that committed, from the call to the end of the commit: with the time in the caller's function, its
   * repetitions, and the sync that a durable one waits for.
   */
  readonly transaction: LatencyHistogram;
}

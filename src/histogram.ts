/**
 * Counts durations in buckets whose width grows with the duration, as HdrHistogram does: memory is bounded, and the
 * error of any duration is a quarter of it at most.
 *
 * @module
 */

import type { LatencyBucket, LatencyHistogram } from "./api/latencies.ts";

/** A tick is 61 ns. */
const TICKS_PER_MS = 2 ** 14;
/** Longer durations, of 131 s, count as this one. */
const MOST_TICKS = 2 ** 31 - 1;
/** Each power of two has four buckets of the same width. */
const PARTS = 4;
const BUCKETS = 30 * PARTS;

/** The durations of one kind of operation. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  count = 0;
  sumMs = 0;
  maxMs = 0;

  /** Counts a duration. A clock that was set back makes it 0. */
  add(ms: number): void {
    const duration = Math.max(ms, 0);
    const ticks = Math.min(duration * TICKS_PER_MS, MOST_TICKS) | 0;
    const doublings = Math.max(29 - Math.clz32(ticks), 0);
    const bucket = doublings * PARTS + (ticks >>> doublings);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.count += 1;
    this.sumMs += duration;
    this.maxMs = Math.max(this.maxMs, duration);
  }

  /** As it is now. Leaves out empty buckets. */
  toPublic(): LatencyHistogram {
    const { count, sumMs, maxMs } = this;
    const buckets: LatencyBucket[] = [];
    for (const [i, count] of this.#counts.entries()) if (count > 0) buckets.push({ belowMs: endOf(i), count });
    return { count, sumMs, maxMs, buckets };
  }
}

/** The duration at which the next bucket begins, in milliseconds. */
function endOf(bucket: number): number {
  if (bucket === BUCKETS - 1) return Number.POSITIVE_INFINITY;
  if (bucket < PARTS) return (bucket + 1) / TICKS_PER_MS;
  return (((bucket % PARTS) + PARTS + 1) * 2 ** Math.floor(bucket / PARTS - 1)) / TICKS_PER_MS;
}

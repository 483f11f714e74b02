/**
 * Counts sizes in bins; each bin is twice as wide as the one before.
 *
 * @module
 */

/** The number of sizes from `from` to `to`, both included. */
export interface HistogramBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** The length of a bar in cells. */
const BAR_LENGTH = 24;

/** Counts sizes. */
export class Histogram {
  /** Bin i counts the sizes from 2^(i-1) to 2^i - 1; bin 0 counts the size 0. */
  readonly #counts: number[] = [];
  count = 0;
  sum = 0;

  add(size: number): void {
    const bin = 32 - Math.clz32(size);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    this.count += 1;
    this.sum += size;
  }

  /** The bins from the first to the last one with sizes. */
  bins(): HistogramBin[] {
    const all = Array.from(this.#counts, (count = 0, bin) => ({
      from: bin === 0 ? 0 : 2 ** (bin - 1),
      to: bin === 0 ? 0 : 2 ** bin - 1,
      count,
    }));
    return all.slice(all.findIndex(({ count }) => count > 0));
  }

  toJson(): object {
    return { bytes: this.sum, histogram: this.bins() };
  }
}

/** A bar that shows `part` of `whole`. */
export function share(part: number, whole: number): string {
  const cells = Math.round((BAR_LENGTH * Math.min(part, whole)) / whole);
  return "█".repeat(cells).padEnd(BAR_LENGTH, "░");
}

/**
 * How often which sizes are, in bins that double.
 *
 * @module
 */

/** The sizes from `from` to `to`, both in it. */
export interface HistogramBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Cells of a bar. */
const BAR_LENGTH = 24;

/** Counts sizes. */
export class Histogram {
  /** How many have a logarithm to base 2 between i - 1 and i. */
  readonly #counts: number[] = [];
  count = 0;
  sum = 0;

  add(size: number): void {
    const bin = 32 - Math.clz32(size);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    this.count += 1;
    this.sum += size;
  }

  /** From the first one with sizes to the last one. */
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

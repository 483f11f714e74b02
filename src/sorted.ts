/**
 * Sorted lists of strings.
 *
 * @module
 */

/** The index of the first string at or above `wanted`; the length when there is none. */
export function firstAtLeast(sorted: readonly string[], wanted: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

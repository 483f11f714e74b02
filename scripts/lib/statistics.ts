/**
 * Medians and spreads of what was measured.
 *
 * @module
 */

/** The number in the middle; `NaN` of none. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** The number below which a share of all lies, between the nearest two; `NaN` of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return below + (above - below) * (place - Math.floor(place));
}

/** How far the outermost of some numbers lie from their median, as a share of it. */
export function spread(numbers: readonly number[]): number {
  const middle = median(numbers);
  return numbers.length === 0 ? Number.NaN : Math.max(...numbers.map((each) => Math.abs(each - middle))) / middle;
}

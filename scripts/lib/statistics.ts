/**
 * Medians and spreads of measurements.
 *
 * @module
 */

/** The median; `NaN` for no numbers. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** The number below which a share of all numbers lies, interpolated between the nearest two; `NaN` for no numbers. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return below + (above - below) * (place - Math.floor(place));
}

/** The largest distance of a number from the median, as a share of the median. */
export function spread(numbers: readonly number[]): number {
  const middle = median(numbers);
  return numbers.length === 0 ? Number.NaN : Math.max(...numbers.map((each) => Math.abs(each - middle))) / middle;
}

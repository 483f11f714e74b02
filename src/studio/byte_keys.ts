/**
 * Arithmetic on keys as bytes: prefixes, and a key between two others.
 *
 * @module
 */

/** A key, or the first bytes of one. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Whether a key begins with some bytes. */
export function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return key.length >= prefix.length && prefix.every((byte, i) => key[i] === byte);
}

/** How many bytes after the common ones a key between two others has. */
const PRECISION = 6;

/**
 * A key about `part` of the way from `a` to `b`, as if keys were numbers after the point. It begins with what both have in
 * common. `part` is from 0 to 1.
 */
export function keyBetween(a: Uint8Array, b: Uint8Array, part: number): Bytes {
  let common = 0;
  while (common < a.length && common < b.length && a[common] === b[common]) common += 1;
  const numberAt = (key: Uint8Array) => {
    let number = 0;
    for (let i = 0; i < PRECISION; i++) number = number * 256 + (key[common + i] ?? 0);
    return number;
  };
  const [from, to] = [numberAt(a), numberAt(b)];
  let rest = Math.floor(from + (to - from) * part);
  const between = new Uint8Array(common + PRECISION);
  between.set(a.subarray(0, common));
  for (let i = PRECISION - 1; i >= 0; i--) {
    between[common + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return between;
}

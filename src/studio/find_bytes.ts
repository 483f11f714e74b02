/**
 * Finds bytes in bytes.
 *
 * @module
 */

/** How bytes are compared. */
export interface FindOptions {
  /** Whether `a` is `A`; only in ASCII. */
  readonly ignoreCase: boolean;
}

/** A function that tells whether bytes contain the given ones. It looks at each byte few times (Horspool). */
export function bytesFinder(wanted: string | Uint8Array, { ignoreCase }: FindOptions): (bytes: Uint8Array) => boolean {
  const fold = foldTable(ignoreCase);
  const needle = (typeof wanted === "string" ? new TextEncoder().encode(wanted) : wanted).map(
    (byte) => fold[byte] ?? byte,
  );
  const last = needle.length - 1;
  const skips = new Int32Array(256).fill(needle.length);
  for (let i = 0; i < last; i++) skips[needle[i] ?? 0] = last - i;
  return (bytes) => {
    for (let end = last; end < bytes.length; ) {
      const byte = fold[bytes[end] ?? 0] ?? 0;
      let i = last;
      while (i >= 0 && fold[bytes[end - last + i] ?? 0] === needle[i]) i -= 1;
      if (i < 0) return true;
      end += skips[byte] ?? needle.length;
    }
    return false;
  };
}

function foldTable(ignoreCase: boolean): Uint8Array {
  const isUpper = (byte: number) => byte >= 0x41 && byte <= 0x5a;
  return Uint8Array.from({ length: 256 }, (_, byte) => (ignoreCase && isUpper(byte) ? byte + 0x20 : byte));
}

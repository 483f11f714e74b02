/**
 * Checks MessagePack before it is decoded. The decoder trusts the length of an array and allocates memory for all its items.
 *
 * @module
 */

/** The sizes in bytes of values of a fixed size, by tag from C0 on. -1: the tag has no fixed size. */
const SIZES: readonly number[] = [
  // nil, never used, false, true; bin and ext
  ...[0, -1, 0, 0, -1, -1, -1, -1, -1, -1],
  // float 32 and 64, uint 8 to 64, int 8 to 64
  ...[4, 8, 1, 2, 4, 8, 1, 2, 4, 8],
  // fixext 1 to 16, with their types
  ...[2, 3, 5, 9, 17],
];

/** Throws `SyntaxError` unless the bytes are exactly one complete value. */
export function checkMessagePack(bytes: Uint8Array): void {
  const { length } = bytes;
  let at = 0;
  /** The number of values still to read. Each takes at least one byte, so it cannot exceed the bytes left. */
  let due = 1;
  const number = (size: number): number => {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (bytes[at++] ?? 0);
    return value;
  };
  const skip = (count: number): void => {
    at += count;
  };
  while (due > 0 && due <= length - at) {
    const tag = bytes[at++] as number;
    due -= 1;
    if (tag < 0x80 || tag >= 0xe0) continue;
    if (tag < 0x90) due += 2 * (tag & 0x0f);
    else if (tag < 0xa0) due += tag & 0x0f;
    else if (tag < 0xc0) at += tag & 0x1f;
    else if (tag >= 0xde) due += 2 * number(tag === 0xde ? 2 : 4);
    else if (tag >= 0xdc) due += number(tag === 0xdc ? 2 : 4);
    else if (tag >= 0xd9) skip(number(1 << (tag - 0xd9)));
    else if (tag >= 0xc4 && tag <= 0xc6) skip(number(1 << (tag - 0xc4)));
    else if (tag >= 0xc7 && tag <= 0xc9) skip(number(1 << (tag - 0xc7)) + 1);
    else if (tag === 0xc1) fail(length, "the tag C1 is not known", at);
    else at += SIZES[tag - 0xc0] as number;
  }
  if (due > 0 || at > length) fail(length, "it ends too early", length);
  if (at < length) fail(length, "it goes on behind its end", at);
}

function fail(length: number, why: string, at: number): never {
  throw new SyntaxError(`Cannot read ${length} bytes as MessagePack: ${why}, at byte ${at}`);
}

/**
 * Converts keys and values between Level and luge.
 *
 * Level allows the empty key, luge does not. So a key of n zero bytes, and of nothing else, is kept with n + 1 of them.
 * All other keys stay as they are, no two keys become one, and their order stays.
 *
 * @module
 */

/** The format of keys and values in the private calls of Level. */
export type Format = "utf8" | "view";
/** A key or value in a format. */
export type Data = string | Uint8Array;

/** A byte order mark is a part of the text. Bytes that are not UTF-8 become U+FFFD, as Level has it. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The key that luge keeps for a key or a bound of Level. */
export function toStoreKey(key: Data): Data {
  if (typeof key !== "string") {
    const bytes = toBytes(key);
    return isZeros(bytes) ? new Uint8Array(bytes.length + 1) : bytes;
  }
  if (key.charCodeAt(0) > 0) return toText(key);
  return isZeroText(key) ? `${key}\0` : toText(key);
}

/** The key of Level for one that luge has. */
export function fromStoreKey(key: Data, format: Format): Data {
  if (typeof key === "string") return key.charCodeAt(0) === 0 && isZeroText(key) ? key.slice(1) : key;
  const bytes = key[0] === 0 && isZeros(key) ? key.subarray(1) : key;
  return format === "utf8" ? decoder.decode(bytes) : bytes;
}

const encoder = new TextEncoder();

/** The order of keys of the store, by their bytes: below 0 if `a` comes first, 0 if they are the same. */
export function compareKeys(a: Data, b: Data): number {
  const [one, other] = [a, b].map((key) => (typeof key === "string" ? encoder.encode(key) : key)) as [
    Uint8Array,
    Uint8Array,
  ];
  const length = Math.min(one.length, other.length);
  for (let i = 0; i < length; i++) {
    const order = (one[i] as number) - (other[i] as number);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

/** The value that luge keeps. */
export function toStoreValue(value: Data): Data {
  return typeof value === "string" ? toText(value) : toBytes(value);
}

/** A value in the format that Level asks for. */
export function fromStoreValue(value: Uint8Array, format: Format): Data {
  return format === "utf8" ? decoder.decode(value) : value;
}

/** Values in the format that Level asks for. */
export function fromStoreValues(values: readonly Uint8Array[], format: Format): readonly Data[] {
  if (format !== "utf8") return values;
  const texts = new Array<string>(values.length);
  let start = 0;
  while (start < values.length) start = decodeRun(values, start, texts);
  return texts;
}

/**
 * Decodes the values from `start` on that lie one after the other in one buffer, as those of a page do. If they are
 * ASCII, one call decodes them all. Returns where they end.
 */
function decodeRun(values: readonly Uint8Array[], start: number, texts: string[]): number {
  const { buffer, byteOffset } = values[start] as Uint8Array;
  let [end, length] = [start, 0];
  for (; end < values.length; end++) {
    const value = values[end] as Uint8Array;
    if (value.buffer !== buffer || value.byteOffset !== byteOffset + length) break;
    length += value.length;
  }
  const text = decoder.decode(new Uint8Array(buffer, byteOffset, length));
  const isAscii = text.length === length;
  let at = 0;
  for (let i = start; i < end; i++) {
    const value = values[i] as Uint8Array;
    texts[i] = isAscii ? text.slice(at, at + value.length) : decoder.decode(value);
    at += value.length;
  }
  return end;
}

/** A lone surrogate becomes U+FFFD, as Level has it. */
function toText(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** Level passes other views, too: a `DataView`, or bytes of another realm. */
function toBytes(view: ArrayBufferView): Uint8Array {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function isZeros(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function isZeroText(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== 0) return false;
  return true;
}

/**
 * Values as the wire protocol has them.
 *
 * @module
 */

/** The numbers of types. */
export const TYPE = {
  bool: 16,
  bytea: 17,
  bigint: 20,
  int: 23,
  intArray: 1007,
  byteaArray: 1001,
  bigintArray: 1016,
} as const;

/** A parameter of a statement. */
export interface Parameter {
  readonly type: number;
  readonly value: string | boolean | Uint8Array | null;
}

type HexBytes = Uint8Array & { toHex?: () => string };

/** Two hexadecimal digits for each byte. */
export function toHex(bytes: Uint8Array): string {
  const { toHex: native } = bytes as HexBytes;
  if (native) return native.call(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

const native = (Uint8Array as { fromHex?: (text: string) => Uint8Array<ArrayBuffer> }).fromHex;

/** The bytes of a bytea in the format `hex`, in a buffer of their own. */
export function fromBytea(text: string): Uint8Array<ArrayBuffer> {
  const hex = text.slice(2);
  return native ? native.call(Uint8Array, hex) : new Uint8Array(Buffer.from(hex, "hex"));
}

/** A bytea. */
export function bytea(value: Uint8Array | undefined): Parameter {
  return { type: TYPE.bytea, value: value ?? null };
}

/** A number. */
export function bigint(value: number): Parameter {
  return { type: TYPE.bigint, value: String(value) };
}

/** An array of bytea; `undefined` stands for null. */
export function byteaArray(values: readonly (Uint8Array | undefined)[]): Parameter {
  const texts = values.map((value) => (value ? `"\\\\x${toHex(value)}"` : "NULL"));
  return { type: TYPE.byteaArray, value: `{${texts.join(",")}}` };
}

/** An array of numbers. */
export function bigintArray(values: readonly number[]): Parameter {
  return { type: TYPE.bigintArray, value: `{${values.join(",")}}` };
}

/** An array of small numbers. */
export function intArray(values: readonly number[]): Parameter {
  return { type: TYPE.intArray, value: `{${values.join(",")}}` };
}

/** The numbers of an array as the server writes it: `{1,2}`. */
export function numbersOf(text: string): number[] {
  const inner = text.slice(1, -1);
  return inner === "" ? [] : inner.split(",").map(Number);
}

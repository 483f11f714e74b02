/**
 * Unsigned integers of 64 bits.
 *
 * @module
 */

const TAG = "Deno.KvU64";
const MAX = 2n ** 64n - 1n;

/**
 * An unsigned integer of 64 bits, the operand of `sum`, `min` and `max`. It is a value of its own, never a part of
 * another value. Throws `TypeError` for anything but a bigint, and `RangeError` outside of 0 to 2^64 - 1.
 *
 * @example
 * ```ts
 * import { KvU64, openKv } from "@luge/luge/kv";
 * import assert from "node:assert/strict";
 *
 * await using kv = await openKv(":memory:");
 * await kv.set(["visits"], new KvU64(41n));
 * await kv.atomic().sum(["visits"], 1n).commit();
 * assert.equal((await kv.get<KvU64>(["visits"])).value?.value, 42n);
 * ```
 */
export class KvU64 {
  /** The integer. */
  readonly value: bigint;

  constructor(value: bigint) {
    if (typeof value !== "bigint") throw new TypeError(`Value must be a bigint: received ${typeof value}`);
    if (value < 0n) throw new RangeError(`Value must be a positive bigint: received ${value}`);
    if (value > MAX) throw new RangeError("Value must fit in a 64-bit unsigned integer");
    this.value = value;
    Object.freeze(this);
  }

  /** The integer. */
  valueOf(): bigint {
    return this.value;
  }

  /** The integer in decimal digits. */
  toString(): string {
    return this.value.toString();
  }

  get [Symbol.toStringTag](): string {
    return TAG;
  }
}

// The build of the package shortens class names.
Object.defineProperty(KvU64, "name", { value: "KvU64" });

/** The integer of a `KvU64`, also of one of Deno's; `undefined` for anything else. */
export function u64Of(value: unknown): bigint | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (value instanceof KvU64) return value.value;
  // Deno's class has no enumerable tag, so a plain object with this property is not meant.
  if (Object.hasOwn(value, Symbol.toStringTag) || Object.prototype.toString.call(value) !== `[object ${TAG}]`)
    return undefined;
  return new KvU64((value as KvU64).value).value;
}

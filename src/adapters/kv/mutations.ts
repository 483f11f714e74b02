/**
 * Mutations, and what they make of the entries of a store.
 *
 * @module
 */

import type { Store } from "../../api/store.ts";
import type { BatchOperation } from "../../api/writes.ts";
import { concat, nameOf } from "../../bytes.ts";
import { entryKey } from "./keys.ts";
import { decodeValue, Encoding, encodeU64, encodeValue } from "./values.ts";
import { versionstampOf } from "./versionstamp.ts";

/** A write of one key. Keys have the bytes of {@linkcode encodeWritten}, values those of {@linkcode encodeValue}. */
export type Mutation =
  | {
      readonly type: "set";
      readonly key: Uint8Array;
      readonly value: Uint8Array;
      readonly ttl: number | undefined;
      /** Whether the versionstamp of the commit becomes the last part of the key. */
      readonly isSuffixed: boolean;
    }
  | { readonly type: "delete"; readonly key: Uint8Array }
  | { readonly type: Arithmetic; readonly key: Uint8Array; readonly value: Uint8Array };

/** Mutations that depend on the present value. */
export type Arithmetic = "sum" | "min" | "max";

/** Whether a mutation depends on the present value. */
export function isArithmetic({ type }: Mutation): boolean {
  return type === "sum" || type === "min" || type === "max";
}

const STRING = 0x02;
const encoder = new TextEncoder();

/**
 * The operations of mutations on the present state of a store, for a commit at `version`. Throws `TypeError` if a value
 * has another type than its mutation needs.
 */
export function operationsOf(store: Store, mutations: readonly Mutation[], version: number): BatchOperation[] {
  /** The values that earlier mutations wrote, if later ones may depend on them. */
  const written = mutations.some(isArithmetic) ? new Map<string, Uint8Array | undefined>() : undefined;
  return mutations.map((mutation) => {
    const key = entryKey(keyOf(mutation, version));
    const name = written ? nameOf(key) : "";
    if (mutation.type === "delete") {
      written?.set(name, undefined);
      return { type: "delete", key };
    }
    if (mutation.type === "set") {
      written?.set(name, mutation.value);
      return { type: "put", key, value: mutation.value, ttl: mutation.ttl };
    }
    const before = written?.has(name) ? written.get(name) : store.getSync(key);
    const value = calculate(mutation.type, before, mutation.value);
    written?.set(name, value);
    return { type: "put", key, value };
  });
}

function keyOf(mutation: Mutation, version: number): Uint8Array {
  if (mutation.type !== "set" || !mutation.isSuffixed) return mutation.key;
  return concat(mutation.key, encoder.encode(`${String.fromCharCode(STRING)}${versionstampOf(version)}\0`));
}

function calculate(type: Arithmetic, before: Uint8Array | undefined, operand: Uint8Array): Uint8Array {
  if (type === "sum" && operand[0] !== Encoding.U64) return sum(before, operand);
  if (operand[0] !== Encoding.U64) {
    throw new TypeError(`Failed to perform '${type}' mutation on a non-U64 operand`);
  }
  if (before === undefined) return operand;
  if (before[0] !== Encoding.U64) {
    throw new TypeError(`Failed to perform '${type}' mutation on a non-U64 value in the database`);
  }
  const [a, b] = [integerOf(before), integerOf(operand)];
  if (type === "sum") return encodeU64(a + b);
  return (type === "min" ? a < b : a > b) ? before : operand;
}

/** Sums two numbers or two bigints, which Deno can, too, but does not document. */
function sum(before: Uint8Array | undefined, operand: Uint8Array): Uint8Array {
  const added = summand(operand);
  if (added === undefined) throw new TypeError("Some of the parameters are not valid V8 values");
  if (before === undefined) return operand;
  const present = before[0] === Encoding.U64 ? integerOf(before) : summand(before);
  if (present === undefined) throw new TypeError("unsupported value type");
  if (before[0] === Encoding.U64 && typeof added === "bigint" && added >= 0n && added < 2n ** 64n) {
    return encodeU64(integerOf(before) + added);
  }
  if (before[0] !== Encoding.U64) {
    if (typeof present === "number" && typeof added === "number") return encodeValue(present + added);
    if (typeof present === "bigint" && typeof added === "bigint") return encodeValue(present + added);
  }
  const name = before[0] === Encoding.U64 ? "KvU64" : nameOfType(present);
  throw new TypeError(`Cannot sum ${name} with ${nameOfType(added)}`);
}

function summand(value: Uint8Array): number | bigint | undefined {
  const decoded = value[0] === Encoding.BYTES ? undefined : decodeValue(value);
  return typeof decoded === "number" || typeof decoded === "bigint" ? decoded : undefined;
}

function nameOfType(value: number | bigint): string {
  return typeof value === "number" ? "Number" : "BigInt";
}

function integerOf(value: Uint8Array): bigint {
  return new DataView(value.buffer, value.byteOffset).getBigUint64(1, true);
}

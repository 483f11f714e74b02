/**
 * The calls of the protocol: what a client may ask the owner for. Keys are whole keys, as bytes.
 *
 * @module
 */

import type { ByteRange } from "../byte_range.ts";

/** The body of a CALL. */
export interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
  /** The call that opened the snapshot or the transaction that this one reads; absent for the store as it is. */
  readonly holder?: number | undefined;
  /** The number of a write: see requests.ts. */
  readonly sequence?: number | undefined;
  /** Where a stream goes on. */
  readonly from?: StreamPlace | undefined;
}

/** How far a stream had come. */
export interface StreamPlace {
  /** The version that a walk reads, or after which a watch goes on. */
  readonly version: number;
  /** The key after which a walk goes on. */
  readonly last?: Uint8Array | undefined;
  /** How many entries a walk has told before. */
  readonly seen?: number | undefined;
}

/** A range as a call has it. */
export type SentRange = Pick<
  ByteRange,
  "lower" | "lowerIncluded" | "upper" | "upperIncluded" | "reverse" | "limit" | "keysOnly" | "withVersions"
>;

/** The option of a write that may be the only one; `null` if there are others, or it is wrong. */
export function onlyDurable(options: unknown): boolean | undefined | null {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null) return null;
  const { durable, ...others } = options as { readonly durable?: unknown };
  const isRight = durable === undefined || typeof durable === "boolean";
  return isRight && Object.keys(others).length === 0 ? durable : null;
}

/** What the first argument of a method is. */
export type Kinds = Readonly<Record<string, "key" | "keys" | "range" | "nothing">>;

/** The methods that read a store, a snapshot or a transaction, and end with one result. */
export const READS: Kinds = {
  get: "key",
  getEntry: "key",
  has: "key",
  getMany: "keys",
  getEntries: "keys",
  hasMany: "keys",
  count: "range",
};

/** The same for a store alone. */
export const STORE_CALLS: Kinds = {
  ...READS,
  versions: "key",
  approximateSize: "range",
  flush: "nothing",
  compact: "nothing",
  verify: "nothing",
  metrics: "nothing",
  latencies: "nothing",
};

/** The methods of a transaction that write. They have no answer: their errors come at its end. */
export const TRANSACTION_WRITES: ReadonlySet<string> = new Set(["put", "delete", "increment", "min", "max", "append"]);

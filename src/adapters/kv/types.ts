/**
 * The types of Deno KV's interface.
 *
 * @module
 */

import type { KvU64 } from "./u64.ts";

/**
 * A part of a key. Parts are ordered by type: `Uint8Array`, string, bigint, number, `false`, `true`. Within a type the
 * order is that of the bytes, of the UTF-8, or of the amount. -0 comes before 0, and `NaN` after `Infinity`. Only
 * {@linkcode Kv.commitVersionstamp} makes the symbol.
 *
 * @example
 * ```ts
 * import { type KvKey, type KvKeyPart, openKv } from "@luge/luge/kv";
 *
 * const part: KvKeyPart = new Date().getFullYear();
 * const key: KvKey = ["year", part, 7n, true, Uint8Array.of(1)];
 * await using kv = await openKv(":memory:");
 * await kv.set(key, "value");
 * ```
 */
export type KvKeyPart = Uint8Array | string | number | bigint | boolean | symbol;

/** A key: one part or more, at most 64,998 bytes. Keys are ordered part by part. */
export type KvKey = readonly KvKeyPart[];

/**
 * An entry.
 *
 * @example
 * ```ts
 * import { type KvEntry, type KvEntryMaybe, openKv } from "@luge/luge/kv";
 * import assert from "node:assert/strict";
 *
 * await using kv = await openKv(":memory:");
 * await kv.set(["a"], 1);
 * const maybe: KvEntryMaybe<number> = await kv.get<number>(["a"]);
 * assert.notEqual(maybe.versionstamp, null);
 * const entries: KvEntry<number>[] = [];
 * for await (const entry of kv.list<number>({ prefix: [] })) entries.push(entry);
 * assert.deepEqual(entries, [maybe]);
 * ```
 */
export interface KvEntry<T> {
  /** The key, as a copy. */
  key: KvKey;
  /** The value, as a copy. */
  value: T;
  /** The commit that wrote it: 20 hexadecimal digits, ordered as the commits are. */
  versionstamp: string;
}

/** An entry, or a key without a value. */
export type KvEntryMaybe<T> = KvEntry<T> | { key: KvKey; value: null; versionstamp: null };

/** Accepted, and without effect: every read of luge sees all writes before it. */
export type KvConsistencyLevel = "strong" | "eventual";

/** Options of a read. */
export interface KvReadOptions {
  consistency?: KvConsistencyLevel | undefined;
}

/**
 * The keys of a list. `prefix`: the keys that begin with these parts and have more. `start` is included, `end` is not.
 */
export type KvListSelector =
  | { prefix: KvKey }
  | { prefix: KvKey; start: KvKey }
  | { prefix: KvKey; end: KvKey }
  | { start: KvKey; end: KvKey };

/**
 * Options of a list.
 *
 * @example
 * ```ts
 * import { type KvConsistencyLevel, type KvListIterator, type KvListOptions, openKv } from "@luge/luge/kv";
 * import type { KvListSelector, KvReadOptions } from "@luge/luge/kv";
 * import assert from "node:assert/strict";
 *
 * const consistency: KvConsistencyLevel = "eventual";
 * const reading: KvReadOptions = { consistency };
 * const options: KvListOptions = { ...reading, limit: 1, reverse: true };
 * const selector: KvListSelector = { prefix: ["n"], end: ["n", 3] };
 * await using kv = await openKv(":memory:");
 * for (const n of [1, 2, 3]) await kv.set(["n", n], n);
 * const list: KvListIterator<number> = kv.list<number>(selector, options);
 * assert.equal((await list.next()).value?.value, 2);
 * ```
 */
export interface KvListOptions extends KvReadOptions {
  /** At most this many entries: an integer above 0. Default: all. */
  limit?: number | undefined;
  /** Continues after the entry that another list was at: see {@linkcode KvListIterator.cursor}. */
  cursor?: string | undefined;
  /** From the last key to the first. Default: `false`. */
  reverse?: boolean | undefined;
  /** How many entries one read takes: an integer above 0. Each read sees the newest version. Default: `limit`, or 100. */
  batchSize?: number | undefined;
}

/** Options of a write of a value. */
export interface KvSetOptions {
  /** How long the value lives, in milliseconds: an integer of at least 0. Default: for ever. */
  expireIn?: number | undefined;
}

/**
 * Options of a message.
 *
 * @example
 * ```ts
 * import { type KvEnqueueOptions, type KvSource, openKv } from "@luge/luge/kv";
 *
 * const source: KvSource = ":memory:";
 * await using kv = await openKv(source);
 * const options: KvEnqueueOptions = { delay: 1000, backoffSchedule: [60_000], keysIfUndelivered: [["failed"]] };
 * await kv.enqueue("in a second", options);
 * ```
 */
export interface KvEnqueueOptions {
  /** Milliseconds before the delivery, at most 30 days. Default: 0. */
  delay?: number | undefined;
  /** Where the message is stored if no delivery succeeds. Default: nowhere. */
  keysIfUndelivered?: readonly KvKey[] | undefined;
  /**
   * The milliseconds before each further delivery after one failed: at most 5, each at most one hour. Default: 100,
   * 1,000, 5,000, 30,000 and 60,000.
   */
  backoffSchedule?: readonly number[] | undefined;
}

/**
 * A write of one key.
 *
 * @example
 * ```ts
 * import type { AtomicCheck, AtomicOperation, KvCommitError, KvCommitResult, KvMutation } from "@luge/luge/kv";
 * import { type KvSetOptions, KvU64, openKv } from "@luge/luge/kv";
 * import assert from "node:assert/strict";
 *
 * await using kv = await openKv(":memory:");
 * const options: KvSetOptions = { expireIn: 60_000 };
 * const mutations: KvMutation[] = [
 *   { type: "set", key: ["a"], value: 1, ...options },
 *   { type: "sum", key: ["b"], value: new KvU64(1n) },
 * ];
 * const check: AtomicCheck = { key: ["a"], versionstamp: null };
 * const operation: AtomicOperation = kv.atomic().check(check).mutate(...mutations);
 * const first: KvCommitResult | KvCommitError = await operation.commit();
 * assert.ok(first.ok);
 * assert.ok(!(await operation.commit()).ok);
 * ```
 */
export type KvMutation = { key: KvKey } & (
  | { type: "set"; value: unknown; expireIn?: number | undefined }
  | { type: "delete" }
  | { type: "sum"; value: KvU64 }
  | { type: "max"; value: KvU64 }
  | { type: "min"; value: KvU64 }
);

/** What must be true of a key: the versionstamp of its value, or `null` for no value. */
export interface AtomicCheck {
  key: KvKey;
  versionstamp: string | null;
}

/** A commit that was done. */
export interface KvCommitResult {
  ok: true;
  /** The versionstamp of what it wrote. */
  versionstamp: string;
}

/** A commit that was not done, because a check was not true. */
export interface KvCommitError {
  ok: false;
}

/**
 * The interface of Deno KV on Deno, Bun and Node: tuple keys, versionstamps, atomic operations, lists, watches and
 * queues.
 *
 * @example
 * ```ts
 * import { openKv } from "@luge/luge/kv";
 * import assert from "node:assert/strict";
 *
 * await using kv = await openKv(":memory:"); // or a directory
 * await kv.set(["user", "ada"], { name: "Ada" });
 * const ada = await kv.get<{ name: string }>(["user", "ada"]);
 * const { ok } = await kv.atomic().check(ada).set(["user", "ada"], { name: "Ada Lovelace" }).commit();
 * assert.ok(ok);
 * for await (const { key, value } of kv.list({ prefix: ["user"] })) console.log(key, value);
 * ```
 *
 * @module
 */

export { AtomicOperation } from "./atomic.ts";
export { Kv } from "./kv.ts";
export { KvListIterator } from "./list.ts";
export { type KvSource, openKv } from "./open.ts";
export type {
  AtomicCheck,
  KvCommitError,
  KvCommitResult,
  KvConsistencyLevel,
  KvEnqueueOptions,
  KvEntry,
  KvEntryMaybe,
  KvKey,
  KvKeyPart,
  KvListOptions,
  KvListSelector,
  KvMutation,
  KvReadOptions,
  KvSetOptions,
} from "./types.ts";
export { KvU64 } from "./u64.ts";

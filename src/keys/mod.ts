/**
 * Keys of several parts. Their order and bytes are those of FoundationDB's tuple layer.
 *
 * @example
 * ```ts
 * import { jsonCodec, MemoryStore } from "@luge/luge";
 * import { tupleKey } from "@luge/luge/keys";
 * import assert from "node:assert/strict";
 *
 * const users = new MemoryStore().view({ prefix: "users/", key: tupleKey, value: jsonCodec<{ name: string }>() });
 * await users.put(["user", 10], { name: "Grace" });
 * await users.put(["user", 9], { name: "Ada" });
 * assert.deepEqual([...users.keys()], [["user", 9], ["user", 10]]);
 * ```
 *
 * @module
 */

export type { KeyCodec } from "../api/view.ts";
export { decodeTuple, encodeTuple, tupleKey, tupleKeyOf, tupleRange } from "./tuple.ts";
export type { Tuple, TuplePart, TupleStart } from "./types.ts";

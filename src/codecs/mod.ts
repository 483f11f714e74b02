/**
 * Codecs for the values of views. They have no dependencies.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { cloneCodec, jsonCodec, utf8Codec } from "@luge/luge/codecs";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.view({ prefix: "text/", value: utf8Codec }).put("key", "text");
 * await store.view({ prefix: "json/", value: jsonCodec<number[]>() }).put("key", [1, 2]);
 * const clones = store.view({ prefix: "clone/", value: cloneCodec<Map<string, Date>>() });
 * await clones.put("key", new Map([["epoch", new Date(0)]]));
 * assert.equal((await clones.get("key"))?.get("epoch")?.getTime(), 0);
 * ```
 *
 * @module
 */

export type { Codec } from "../api/view.ts";
export { cloneCodec } from "./clone/codec.ts";
export { CloneError } from "./clone/error.ts";
export { float64Codec, uint64Codec } from "./number.ts";
export { jsonCodec, utf8Codec } from "./text.ts";

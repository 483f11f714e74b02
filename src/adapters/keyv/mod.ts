/**
 * luge as a storage adapter of keyv, versions 5 and 6, and so of cache-manager.
 *
 * @example
 * ```ts
 * import { MemoryFileSystem } from "@luge/luge";
 * import { KeyvLuge } from "@luge/luge/keyv";
 * import Keyv from "keyv";
 * import assert from "node:assert/strict";
 *
 * const store = new KeyvLuge({ path: "cache", fileSystem: new MemoryFileSystem() }); // or: new KeyvLuge("cache")
 * const cache = new Keyv({ store, ttl: 60_000 });
 * await cache.set("user/1", { name: "Ada" });
 * assert.deepEqual(await cache.get("user/1"), { name: "Ada" });
 * await cache.disconnect();
 * ```
 *
 * @module
 */

export { KeyvLuge } from "./adapter.ts";

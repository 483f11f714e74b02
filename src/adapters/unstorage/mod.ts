/**
 * luge as a driver of unstorage, versions 1 and 2, and so of Nitro and Nuxt.
 *
 * @example
 * ```ts
 * import { MemoryFileSystem } from "@luge/luge";
 * import lugeDriver from "@luge/luge/unstorage";
 * import assert from "node:assert/strict";
 * import { createStorage } from "unstorage";
 *
 * const driver = lugeDriver({ path: "data", fileSystem: new MemoryFileSystem() }); // or: lugeDriver("data")
 * const storage = createStorage({ driver });
 * await storage.setItem("user:1", { name: "Ada" }, { ttl: 3600 });
 * assert.deepEqual(await storage.getItem("user:1"), { name: "Ada" });
 * assert.deepEqual(await storage.getKeys("user"), ["user:1"]);
 * await storage.dispose();
 * ```
 *
 * @module
 */

import { lugeDriver } from "./driver.ts";

export type { LugeDriver, LugeDriverOptions } from "./types.ts";
export { lugeDriver };
export default lugeDriver;

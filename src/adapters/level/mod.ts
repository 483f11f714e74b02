/**
 * luge as a database of Level: a subclass of `AbstractLevel` of the package `abstract-level`, version 3.
 *
 * @example
 * ```ts
 * import { MemoryFileSystem } from "@luge/luge";
 * import { LugeLevel } from "@luge/luge/level";
 * import assert from "node:assert/strict";
 *
 * const location = { path: "data", fileSystem: new MemoryFileSystem() }; // or "data", which is on the disk
 * const db = new LugeLevel<string, { name: string }>(location, { valueEncoding: "json" });
 * await db.put("user/1", { name: "Ada" });
 * assert.deepEqual(await db.keys({ gt: "user/" }).all(), ["user/1"]);
 * await db.close();
 * ```
 *
 * @module
 */

export { LugeLevel } from "./database.ts";
export type { LugeLevelOptions, SyncOptions } from "./options.ts";

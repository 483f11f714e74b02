/**
 * The options of the database.
 *
 * @module
 */

import type { AbstractDatabaseOptions } from "abstract-level";

/**
 * Options of a {@linkcode LugeLevel}: those of every database of Level. It ignores others, such as `compression`.
 *
 * @example
 * ```ts
 * import { LugeLevel, type LugeLevelOptions } from "@luge/luge/level";
 * import { MemoryStore } from "@luge/luge";
 *
 * const options: LugeLevelOptions<string, number> = { valueEncoding: "json" };
 * const db = new LugeLevel(new MemoryStore(), options);
 * await db.put("answer", 42);
 * await db.close();
 * ```
 */
export interface LugeLevelOptions<K, V> extends AbstractDatabaseOptions<K, V> {}

/**
 * When a write is acknowledged.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { LugeLevel, type SyncOptions } from "@luge/luge/level";
 *
 * const options: SyncOptions = { sync: true };
 * await new LugeLevel(new MemoryStore()).put("key", "value", options);
 * ```
 */
export interface SyncOptions {
  /**
   * Whether the promise settles only once the write is durable. With `false`, the default, the write then survives the
   * end of the process, but a power cut may take the newest writes.
   */
  readonly sync?: boolean | undefined;
}

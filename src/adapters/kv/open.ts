/**
 * Opens databases.
 *
 * @module
 */

import { MemoryStore, open, type SledStoreConfig, type Store } from "../../../mod.ts";
import { describe } from "../../encoding.ts";
import { isUrl } from "../../realm.ts";
import { Kv } from "./kv.ts";

/** Where a database is: a directory, `":memory:"`, the options of `open`, or an open store. */
export type KvSource = string | URL | SledStoreConfig | Store;

/** The closes of this process that have not ended. */
const closing = new Set<Promise<unknown>>();

/**
 * Opens a database with the interface of Deno KV. `":memory:"` is one in memory. A string, a `file:` URL or an object
 * of options opens a store on disk, as `open` does, with the same errors. A store may be passed, too, also a part of
 * one, `store.view({ prefix })`. It stays open when the database is closed, and should have no other entries.
 *
 * A process opens a directory once, and so may one process at a time. Rejects with `TypeError` for an empty path, one
 * that begins with a colon, and an address of the web.
 *
 * @example
 * ```ts
 * import { openKv } from "@luge/luge/kv";
 * import assert from "node:assert/strict";
 *
 * await using kv = await openKv(":memory:");
 * await kv.set(["user", "ada"], { born: new Date("1815-12-10") });
 * const { value } = await kv.get<{ born: Date }>(["user", "ada"]);
 * assert.equal(value?.born.getUTCFullYear(), 1815);
 * ```
 */
export async function openKv(source: KvSource): Promise<Kv> {
  if (isStore(source)) return new Kv({ store: source, release: async () => {} });
  // A database that was closed a moment ago may be opened again, although `close` does not wait.
  await Promise.allSettled(closing);
  const store = await openStore(source);
  return new Kv({
    store,
    release: () => {
      const done = store.close();
      const settled = done.catch(() => {}).finally(() => closing.delete(settled));
      closing.add(settled);
      return done;
    },
  });
}

async function openStore(source: string | URL | SledStoreConfig): Promise<Store> {
  if (source === ":memory:") return new MemoryStore();
  if (source === undefined || source === null) {
    throw new TypeError(`Cannot open ${describe(source)}: expected a path, ":memory:", options or a store`);
  }
  if (source === "") throw new TypeError("Filename cannot be empty");
  if (typeof source === "string" && source.startsWith(":")) {
    throw new TypeError("Filename cannot start with ':' unless prefixed with './'");
  }
  if (/^https?:/i.test(isUrl(source) ? source.protocol : `${source}`)) {
    throw new TypeError(`Cannot open ${String(source)}: luge is no client of the KV Connect protocol`);
  }
  return await open(source);
}

function isStore(source: unknown): source is Store {
  return (
    typeof source === "object" && source !== null && typeof (source as Partial<Store>).getEntriesSync === "function"
  );
}

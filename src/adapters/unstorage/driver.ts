/**
 * The driver.
 *
 * @module
 */

import { StoreError } from "../../../mod.ts";
import type { AsyncStore } from "../../api/async_store.ts";
import type { BatchOperation } from "../../api/writes.ts";
import { classOf, isUrl } from "../realm.ts";
import { type AsyncTarget, isAsyncStore, LazyStore } from "../target.ts";
import type { CallOptions, LugeDriver, LugeDriverOptions } from "./types.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A driver for `createStorage` of unstorage, for Nitro and for Nuxt. `given` is the path of a directory, an open store, or
 * options. The driver opens a store at a path at its first use, by default with `syncWrites: false`.
 *
 * A call that fails rejects with the `StoreError` of luge. An item has at most 64 MiB, and its key 65,000 bytes.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { lugeDriver } from "@luge/luge/unstorage";
 * import assert from "node:assert/strict";
 * import { createStorage } from "unstorage";
 *
 * const storage = createStorage();
 * storage.mount("cache", lugeDriver(new MemoryStore()));
 * await storage.setItemRaw("cache:logo", new Uint8Array([1, 2, 3]));
 * assert.deepEqual(await storage.getMeta("cache:logo"), Object.assign(Object.create(null), { size: 3, version: 1 }));
 * ```
 */
export function lugeDriver(given: AsyncTarget | LugeDriverOptions): LugeDriver {
  const options = optionsOf(given);
  const { base, path = base, ttl: usualTtl, store: openStore, driver: _, ...config } = options;
  const lazy = new LazyStore(openStore ?? { ...config, path: path as string });
  const watches = new Set<AbortController>();
  const use = () => lazy.use();
  const put = (key: string, value: string | Uint8Array, own?: CallOptions, common?: CallOptions): BatchOperation => {
    const seconds = own?.ttl ?? common?.ttl ?? usualTtl;
    return { type: "put", key, value, ttl: seconds ? seconds * 1000 : undefined };
  };
  return {
    name: "luge",
    flags: { ttl: true },
    options,
    getInstance: use,
    hasItem: async (key) => (await use()).has(key),
    getItem: async (key) => textOf(await (await use()).get(key)),
    async getItems(items) {
      const values = await (await use()).getMany(items.map(({ key }) => key));
      return items.map(({ key }, i) => ({ key, value: textOf(values[i]) }));
    },
    getItemRaw: async (key) => (await (await use()).get(key)) ?? null,
    setItem: async (key, value, own) => (await use()).batch([put(key, value, own)]),
    async setItems(items, common) {
      await (await use()).batch(items.map(({ key, value, options: own }) => put(key, value, own, common)));
    },
    setItemRaw: async (key, value, own) => (await use()).batch([put(key, await rawOf(value), own)]),
    async removeItem(key) {
      await (await use()).delete(key);
    },
    async getMeta(key) {
      const entry = await (await use()).getEntry(key);
      if (!entry) return null;
      const { value, version, expiresAt } = entry;
      const ttl = expiresAt === undefined ? {} : { ttl: Math.max(0, (expiresAt - Date.now()) / 1000) };
      return { size: value.length, version, ...ttl };
    },
    getKeys: async (prefix = "") => (await use()).keys({ prefix }).toArray(),
    async clear(prefix = "") {
      await (await use()).deleteRange({ prefix });
    },
    async dispose() {
      for (const watch of watches) watch.abort();
      watches.clear();
      await lazy.close();
    },
    async watch(callback) {
      const watch = new AbortController();
      watches.add(watch);
      const store = await use();
      void deliver(store, watch.signal, callback);
      return async () => {
        watches.delete(watch);
        watch.abort();
      };
    },
  };
}

function optionsOf(given: AsyncTarget | LugeDriverOptions): LugeDriverOptions {
  if (typeof given === "string" || isUrl(given)) return { path: given };
  if (typeof given === "object" && given !== null)
    return isAsyncStore(given as AsyncTarget) ? { store: given as AsyncStore } : (given as LugeDriverOptions);
  throw new TypeError(`Cannot open ${String(given)}: expected a path, a URL, options or an open store`);
}

function textOf(value: Uint8Array | undefined): string | null {
  return value ? decoder.decode(value) : null;
}

async function rawOf(value: unknown): Promise<string | Uint8Array> {
  if (typeof value === "string") return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (["ArrayBuffer", "Blob", "File", "ReadableStream"].includes(classOf(value))) {
    return new Uint8Array(await new Response(value as Blob).arrayBuffer());
  }
  throw new TypeError(`Cannot store a raw ${typeof value}: expected a string, bytes, a Blob or a stream of bytes`);
}

/** Delivers changes until the signal, or until the store is closed or fails. The console hears of every other error. */
async function deliver(store: AsyncStore, signal: AbortSignal, callback: WatchCallback): Promise<void> {
  let since = store.version;
  while (!signal.aborted) {
    try {
      for await (const { type, key, version } of store.watch({}, { since, signal })) {
        since = version;
        await tell(callback, type === "put" ? "update" : "remove", key);
      }
      return;
    } catch (error) {
      const { code, version } = error instanceof StoreError ? error : {};
      if (signal.aborted || code === "STORE_CLOSED") return;
      if (code !== "VERSION_GONE") {
        console.error("luge: a watch of unstorage ended", error);
        return;
      }
      // Changes were compacted before they were delivered: continue with those that are left.
      since = version ?? store.version;
    }
  }
}

type WatchCallback = (event: "update" | "remove", key: string) => unknown;

/** Calls the callback. One that fails still hears of the next changes, and so do others: unstorage has one for all. */
async function tell(callback: WatchCallback, event: "update" | "remove", key: string): Promise<void> {
  try {
    await callback(event, key);
  } catch (error) {
    console.error("luge: a callback of a watch failed", error);
  }
}

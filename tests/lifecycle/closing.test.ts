/**
 * Operations that run while the store is closed. Each is done, or ends with `STORE_CLOSED`, and the close succeeds.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers";
import { MemoryFileSystem, MemoryStore, open, type SledStore, type Store, StoreError, utf8Codec } from "../../mod.ts";

/** Settles after a number of turns of the event loop and then a number of microtasks. */
async function pause(turns: number, microtasks: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  for (let i = 0; i < microtasks; i++) await undefined;
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}

const KEYS = Array.from({ length: 1000 }, (_, i) => `k${String(i).padStart(6, "0")}`);
const isSled = (store: Store): store is SledStore => "backupTo" in store;
const utf8 = (store: Store) => store.view({ prefix: "k", codec: utf8Codec });

const OPERATIONS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get("k000001"),
  getEntry: (store) => store.getEntry("k000001"),
  getMany: (store) => store.getMany(KEYS),
  has: (store) => store.has("k000001"),
  scan: (store) => store.scan("k"),
  count: (store) => store.count(),
  versions: (store) => store.versions("k000001"),
  put: (store) => store.put("new", "value"),
  delete: (store) => store.delete("k000001"),
  batch: (store) => store.batch([{ type: "put", key: "new", value: "value" }]),
  deleteRange: (store) => store.deleteRange({ prefix: "k" }),
  compareAndSet: (store) => store.compareAndSet("new", undefined, "value"),
  transaction: (store) => store.transaction(async (tx) => tx.put("new", `${(await tx.get("k000001"))?.length}`)),
  flush: (store) => store.flush(),
  compact: (store) => store.compact(),
  verify: (store) => store.verify(),
  approximateSize: (store) => store.approximateSize(),
  backup: (store) => drain(store.backup()),
  "backup of an increment": (store) => drain(store.backup({ since: store.version })),
  "a backup that is cancelled": (store) => store.backup().cancel(),
  backupTo: async (store) => {
    if (isSled(store)) await store.backupTo(`/copy-${copies++}`);
  },
  restore: async (store) => {
    const source = new MemoryStore();
    for (const key of KEYS) source.putSync(key, "restored");
    await store.restore(source.backup());
  },
  entries: async (store) => {
    for await (const _ of store.entries());
  },
  "entries of a snapshot": async (store) => {
    using snapshot = store.snapshot();
    for await (const _ of snapshot.entries({ reverse: true })) await undefined;
  },
  watch: async (store) => {
    for await (const _ of store.watch({}, { since: 0 }));
  },
  "get of a view": (store) => utf8(store).get("000001"),
  "deleteRange of a view": (store) => utf8(store).deleteRange({}),
};

let copies = 0;

const STORES: Readonly<Record<string, (isFull: boolean) => Promise<Store>>> = {
  MemoryStore: async (isFull) => fill(new MemoryStore(), isFull),
  SledStore: async (isFull) => fill(await open({ path: "/store", fileSystem: new MemoryFileSystem() }), isFull),
};

async function fill(store: Store, isFull: boolean): Promise<Store> {
  if (isFull) await store.batch(KEYS.map((key) => ({ type: "put", key, value: new Uint8Array(100) })));
  return store;
}

for (const [name, make] of Object.entries(STORES)) {
  describe(`${name}: while it is closed`, () => {
    for (const [operation, run] of Object.entries(OPERATIONS)) {
      test(`${operation} is done, or ends with STORE_CLOSED`, async () => {
        for (const turns of [0, 1, 3]) {
          for (const microtasks of [0, 1, 2, 5, 13]) {
            const store = await make(operation !== "restore");
            const failed = run(store).then(
              () => undefined,
              (error: unknown) => error,
            );
            await pause(turns, microtasks);
            await store.close();
            const error = await failed;
            if (error === undefined) continue;
            assert.ok(error instanceof StoreError, String(error));
            assert.equal(error.code, "STORE_CLOSED", error.message);
          }
        }
      });

      test(`${operation} that begins at any step of the close ends with STORE_CLOSED`, async () => {
        for (const microtasks of [0, 1, 3, 8]) {
          const store = await make(operation !== "restore");
          const late = store.put("late", "value");
          const closing = store.close();
          await pause(0, microtasks);
          if (operation === "backupTo" && !isSled(store)) return;
          await assert.rejects(async () => await run(store), { code: "STORE_CLOSED" });
          await Promise.all([late, closing]);
        }
      });
    }
  });
}

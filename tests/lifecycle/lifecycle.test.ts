import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, MemoryStore, open, type Store, StoreError, utf8Codec } from "../../mod.ts";
import { engineThatTrapsIn } from "../support/altered_engine.ts";
import { storeError, text } from "../support/expect.ts";
import { diskError, type FileSystemCall, ObservedFileSystem } from "../support/observed_file_system.ts";

type Call = (store: Store) => unknown;

const utf8 = (store: Store) => store.view({ prefix: "", codec: utf8Codec });

const ASYNC: Record<string, (store: Store) => Promise<unknown>> = {
  get: (store) => store.get("key"),
  getEntry: (store) => store.getEntry("key"),
  getMany: (store) => store.getMany(["key"]),
  has: (store) => store.has("key"),
  put: (store) => store.put("key", "late"),
  delete: (store) => store.delete("key"),
  batch: (store) => store.batch([{ type: "delete", key: "key" }]),
  deleteRange: (store) => store.deleteRange({}),
  compareAndSet: (store) => store.compareAndSet("key", undefined, "late"),
  transaction: (store) => store.transaction((tx) => tx.put("key", "late")),
  scan: (store) => store.scan(""),
  count: (store) => store.count(),
  versions: (store) => store.versions("key"),
  flush: (store) => store.flush(),
  compact: (store) => store.compact(),
  verify: (store) => store.verify(),
  approximateSize: (store) => store.approximateSize(),
  "approximateSize of a view": (store) => utf8(store).approximateSize(),
};
const SYNC: Record<string, Call> = {
  getSync: (store) => store.getSync("key"),
  getEntrySync: (store) => store.getEntrySync("key"),
  getManySync: (store) => store.getManySync(["key"]),
  hasSync: (store) => store.hasSync("key"),
  putSync: (store) => store.putSync("key", "late"),
  deleteSync: (store) => store.deleteSync("key"),
  batchSync: (store) => store.batchSync([{ type: "delete", key: "key" }]),
  deleteRangeSync: (store) => store.deleteRangeSync({}),
  compareAndSetSync: (store) => store.compareAndSetSync("key", undefined, "late"),
  scanSync: (store) => store.scanSync(""),
  countSync: (store) => store.countSync(),
  versionsSync: (store) => store.versionsSync("key"),
  flushSync: (store) => store.flushSync(),
  entries: (store) => store.entries(),
  keys: (store) => store.keys(),
  values: (store) => store.values(),
  snapshot: (store) => store.snapshot(),
  watch: (store) => store.watch(),
  metrics: (store) => store.metrics(),
  view: (store) => utf8(store).getSync("key"),
};

async function assertAllFail(store: Store, expected: (error: unknown) => true): Promise<void> {
  for (const call of Object.values(ASYNC)) await assert.rejects(call(store), expected);
  for (const call of Object.values(SYNC)) assert.throws(() => call(store), expected);
}

const openInMemory = (fileSystem = new MemoryFileSystem()) => open({ path: "/store", fileSystem });

/** A disk on which the calls that `fails` selects fail, once `break` was called. */
function breakableDisk(fails: (call: FileSystemCall) => boolean, code = "EIO") {
  const disk = new MemoryFileSystem();
  let broken = false;
  const before = (call: FileSystemCall) => {
    if (broken && fails(call)) throw diskError(code);
  };
  const fileSystem = new ObservedFileSystem(disk, { before });
  return { disk, fileSystem, break: () => (broken = true), mend: () => (broken = false) };
}

for (const [name, make] of [
  ["MemoryStore", async () => new MemoryStore()],
  ["SledStore", () => openInMemory()],
] as const) {
  describe(`${name}: lifecycle`, () => {
    test("every operation is refused after close", async () => {
      const store = await make();
      await store.put("key", "value");
      await store.close();
      await assertAllFail(store, storeError("STORE_CLOSED", "the store is closed"));
      await store.close();
    });

    test("every operation is refused while closing; running ones are done", async () => {
      const store = await make();
      const puts = [store.put("a", "1"), store.put("b", "2"), store.flush()];
      const closing = store.close();
      await assertAllFail(store, storeError("STORE_CLOSED"));
      await Promise.all([...puts, closing]);
    });

    test("await using closes", async () => {
      let kept: Store | undefined;
      {
        await using store = await make();
        await store.put("key", "value");
        kept = store;
      }
      await assertAllFail(kept, storeError("STORE_CLOSED"));
    });
  });
}

describe("SledStore: open and close", () => {
  test("all puts are there after reopening, even if only close was awaited", async () => {
    const disk = new MemoryFileSystem();
    const first = await openInMemory(disk);
    first.put("unawaited", "1").catch(assert.fail);
    first.putSync("sync", "2");
    await first.close();
    await using second = await openInMemory(disk);
    assert.deepEqual([...(await second.scan("")).values()].map(text), ["2", "1"]);
  });

  test("a second open is refused while the first one has not finished, and after it", async () => {
    const disk = new MemoryFileSystem();
    const opening = openInMemory(disk);
    const second = openInMemory(disk);
    const results = await Promise.allSettled([opening, second]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    await assert.rejects(openInMemory(disk), storeError("STORE_LOCKED", `${process.pid}`));
    for (const result of results) if (result.status === "fulfilled") await result.value.close();
    await (await openInMemory(disk)).close();
  });

  test("opening and closing many times leaves no descriptor open and loses no data", async () => {
    const disk = new MemoryFileSystem();
    let [opened, closed] = [0, 0];
    const after = ({ name }: FileSystemCall) => {
      if (name === "open") opened += 1;
      if (name === "close") closed += 1;
    };
    const counting = new ObservedFileSystem(disk, { after });
    for (let i = 0; i < 10; i++) {
      await using store = await open({ path: "/store", fileSystem: counting });
      await store.put(`key${i}`, `${i}`);
      assert.equal((await store.scan("")).size, i + 1);
    }
    assert.ok(opened > 10);
    assert.equal(closed, opened);
  });
});

describe("SledStore: after a failure", () => {
  test("a failed sync rejects all waiting writes and fails the store; the next open has the durable data", async () => {
    const broken = breakableDisk(({ name }) => name === "sync");
    const store = await open({ path: "/store", fileSystem: broken.fileSystem, loggingLevel: 3, logger: silent });
    await store.put("durable", "yes");
    broken.break();
    const puts = [store.put("a", "1"), store.put("b", "2"), store.delete("absent")];
    for (const result of await Promise.allSettled(puts)) {
      assert.ok(result.status === "rejected");
      storeError("IO_ERROR")(result.reason);
      assert.equal(result.reason.cause.code, "EIO");
    }
    await assertAllFail(store, (error) => {
      storeError("STORE_FAILED", "EIO")(error);
      assert.ok(error instanceof StoreError && error.cause instanceof StoreError && error.cause.code === "IO_ERROR");
      return true;
    });
    broken.mend();
    await store.close();
    await using again = await openInMemory(broken.disk);
    assert.equal(text(await again.get("durable")), "yes");
  });

  test("a full disk is an error with its cause", async () => {
    const broken = breakableDisk(({ name }) => name === "write", "ENOSPC");
    const store = await open({ path: "/store", fileSystem: broken.fileSystem, logger: silent });
    broken.break();
    await assert.rejects(store.put("key", "value"), (error) => {
      storeError("IO_ERROR")(error);
      return (error as { cause: { code: string } }).cause.code === "ENOSPC";
    });
    await assertAllFail(store, storeError("STORE_FAILED"));
    await store.close();
  });

  test("the caller gets the first failure, even if nothing can be released", async () => {
    const broken = breakableDisk(({ name }) => name === "sync" || name === "close");
    const lines: string[] = [];
    const logger = { ...silent, error: (line: string) => lines.push(line) };
    const store = await open({ path: "/store", fileSystem: broken.fileSystem, logger });
    await store.put("durable", "yes");
    broken.break();
    await assert.rejects(store.put("key", "value"), storeError("IO_ERROR", "Cannot flush: EIO"));
    assert.match(lines.join("\n"), /^'\/store' failed: Cannot (?:flush|write).*\n'\/store' could not be released: EIO/);
    await (await openInMemory(broken.disk)).close();
  });

  test("a store never writes to a directory that another owner took over", async () => {
    const disk = new MemoryFileSystem();
    let held = true;
    let writes = 0;
    const before = ({ name }: FileSystemCall) => {
      if (name === "write" || name === "truncate" || name === "rename") writes += 1;
    };
    const stolen = new ObservedFileSystem(disk, { before });
    stolen.lock = async () => ({ held: () => held, release: () => {} });
    const store = await open({ path: "/store", fileSystem: stolen, logger: silent });
    await store.put("mine", "1");
    held = false;
    writes = 0;
    await assert.rejects(store.put("lost", "2"), storeError("LOCK_LOST", "/store"));
    await assertAllFail(store, storeError("STORE_FAILED"));
    await store.close();
    assert.equal(writes, 0);
    await using again = await openInMemory(disk);
    assert.deepEqual([...(await again.scan("")).keys()], ["mine"]);
  });

  test("a trap in the middle of a call fails the store, frees its files and lock, and the next open works", async () => {
    const disk = new MemoryFileSystem();
    const wasm = engineThatTrapsIn("luge_get");
    const store = await open({ path: "/store", fileSystem: disk, wasm, logger: silent });
    await store.put("key", "value");
    await assert.rejects(store.get("key"), storeError("ENGINE_TRAP", "the engine stopped"));
    await assertAllFail(store, storeError("STORE_FAILED", "the engine stopped"));
    await using again = await openInMemory(disk);
    assert.equal(text(await again.get("key")), "value");
    await store.close();
    await again.put("still", "owned");
  });

  test("a trap while opening is an error, and the next open works", async () => {
    const disk = new MemoryFileSystem();
    const wasm = engineThatTrapsIn("luge_open");
    await assert.rejects(open({ path: "/store", fileSystem: disk, wasm }), storeError("ENGINE_TRAP"));
    await (await openInMemory(disk)).close();
  });
});

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Backups and increments: their content, and their restore to another store.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers";
import { inspectBackup, MemoryFileSystem, MemoryStore, open, readBackupHeader } from "../../mod.ts";
import { bytesOf, contentsOf, KINDS, streamOf, writeAtRandom } from "../../scripts/campaigns/backups/contents.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { slowClock } from "../support/slow_clock.ts";

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

for (const { name, make } of KINDS) {
  describe(`backups of a ${name}`, () => {
    test("a full backup restores to the same entries, versions and expiry, in either kind of store", async () => {
      await using store = await make();
      await writeAtRandom(store, 1, 2000);
      await store.put("large", new Uint8Array(3_000_000).fill(7));
      const backup = await bytesOf(store.backup());
      const info = await inspectBackup(streamOf(backup));
      const entries = store.countSync();
      assert.deepEqual([info.from, info.to, info.isIncrement, info.size], [0, store.version, false, backup.length]);
      assert.deepEqual([info.entries, info.deletions, info.numVersionsToKeep], [entries, 0, 1]);
      for (const other of KINDS) {
        await using copy = await other.make();
        const { bytes } = info;
        assert.deepEqual(await copy.restore(streamOf(backup)), {
          version: store.version,
          entries,
          deletions: 0,
          bytes,
        });
        assert.equal(copy.version, store.version);
        assert.deepEqual(contentsOf(copy), contentsOf(store));
        assert.deepEqual((await copy.verify()).damages, []);
        const before = copy.version;
        await copy.put("later", "");
        assert.ok(copy.version > before);
      }
    });

    test("a chain of one full backup and 20 increments restores to each of its 21 versions", async () => {
      // With one version to keep, a merge may remove deletions before the next increment.
      await using store = await make({ numVersionsToKeep: 2 });
      const [chain, states]: [Uint8Array[], string[][]] = [[], []];
      let since: number | undefined;
      for (let i = 0; i <= 20; i++) {
        await writeAtRandom(store, 100 + i, i % 5 === 4 ? 0 : 150);
        chain.push(await bytesOf(store.backup(since === undefined ? {} : { since })));
        since = store.version;
        states.push(contentsOf(store));
      }
      await using copy = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
      await using other = new MemoryStore();
      for (const [i, backup] of chain.entries()) {
        for (const target of [copy, other]) {
          const { version } = await target.restore(streamOf(backup, 1000));
          assert.equal(version, target.version);
          assert.deepEqual(contentsOf(target), states[i], `after ${i} increments`);
        }
      }
      assert.equal(copy.version, store.version);
      assert.deepEqual((await copy.verify()).damages, []);
    });

    test("a backup under writers is the snapshot at its version", async () => {
      await using store = await make();
      await writeAtRandom(store, 5, 1000);
      let isOver = false;
      const writers = Array.from({ length: 16 }, async (_, writer) => {
        for (let i = 0; !isOver; i++) {
          await store.put(`writer ${writer} ${i % 50}`, new Uint8Array(i % 3000));
          if (i % 3 === 0) await store.delete(`writer ${writer} ${(i * 7) % 50}`);
          // A store in memory settles without a turn of the event loop.
          if (i % 10 === 0) await nextTurn();
        }
      });
      for (let i = 0; i < 5; i++) {
        const stream = store.backup();
        using snapshot = store.snapshot();
        const expected = contentsOf(snapshot);
        await using copy = new MemoryStore();
        const { version } = await copy.restore(stream);
        assert.equal(version, snapshot.version);
        assert.deepEqual(contentsOf(copy), expected);
        await nextTurn();
      }
      isOver = true;
      await Promise.all(writers);
    });

    test("an increment undoes what was deleted and what has expired", async () => {
      await using store = await make();
      for (const key of ["deleted", "expires", "stays"]) await store.put(key, "before");
      await using copy = await make();
      await copy.restore(store.backup());
      const since = store.version;
      await store.delete("deleted");
      await store.put("expires", "soon gone", { ttl: 1 });
      while (await store.has("expires")) await nextTurn();
      const increment = await bytesOf(store.backup({ since }));
      const { entries, deletions } = await inspectBackup(streamOf(increment));
      assert.deepEqual([entries, deletions], [0, 2]);
      await copy.restore(streamOf(increment));
      assert.deepEqual(
        [...copy.entries()].map(([key, value]) => [key, text(value)]),
        [["stays", "before"]],
      );
      assert.equal((await inspectBackup(store.backup())).entries, 1);
    });

    test("an increment without changes, and a backup of an empty store, restore", async () => {
      await using store = await make();
      await using copy = await make();
      assert.equal((await copy.restore(store.backup())).version, 0);
      await store.put("key", "value");
      await copy.restore(store.backup({ since: 0 }));
      assert.equal(copy.version, store.version);
      await copy.restore(store.backup({ since: store.version }));
      assert.deepEqual(contentsOf(copy), contentsOf(store));
    });

    test("what does not fit the store is refused, with both versions, and the store is as it was", async () => {
      await using store = await make();
      await store.put("key", "one");
      const [full, first] = [await bytesOf(store.backup()), store.version];
      await store.put("key", "two");
      const [second, secondVersion] = [await bytesOf(store.backup({ since: first })), store.version];
      await store.put("key", "three");
      const third = await bytesOf(store.backup({ since: secondVersion }));
      await using copy = await make();
      const refused = (backup: Uint8Array, part: string) =>
        assert.rejects(copy.restore(streamOf(backup)), storeError("BACKUP_MISMATCH", part));
      await refused(second, `it continues version ${first}, and the store is at version 0`);
      await copy.restore(streamOf(full));
      await refused(full, "is not empty");
      await refused(third, `it continues version ${secondVersion}, and the store is at version ${first}`);
      assert.deepEqual([text(await copy.get("key")), copy.version], ["one", first]);
      await copy.restore(streamOf(second));
      await copy.restore(streamOf(third));
      assert.equal(text(await copy.get("key")), "three");
      await copy.put("key", "four");
      await refused(third, "it continues version");
      const { from, to } = await readBackupHeader(streamOf(third));
      assert.deepEqual([from, to], [secondVersion, store.version]);
    });

    test("the history of what was restored begins with its version", async () => {
      await using store = await make({ numVersionsToKeep: 3 });
      for (let i = 0; i < 3; i++) await store.put("key", `${i}`);
      await using copy = await make({ numVersionsToKeep: 3 });
      const [stop, versions]: [AbortController, unknown[]] = [new AbortController(), []];
      const behind = copy.watch({}, { since: 0, signal: stop.signal })[Symbol.asyncIterator]();
      const news = behind.next();
      await copy.restore(store.backup());
      await assert.rejects(news, storeError("VERSION_GONE"));
      assert.throws(() => copy.snapshot({ version: 1 }), storeError("VERSION_GONE"));
      assert.equal(text(copy.snapshot().getSync("key")), "2");
      assert.equal(copy.versionsSync("key").length, 1);
      const watch = copy.watch({}, { since: copy.version })[Symbol.asyncIterator]();
      await copy.put("key", "new");
      versions.push((await watch.next()).value?.version);
      assert.deepEqual(versions, [copy.version]);
      assert.throws(() => copy.backup({ since: 1 }), storeError("VERSION_GONE"));
      stop.abort();
    });

    test("an increment whose deletions are gone is refused", async () => {
      await using store = await make();
      await store.put("key", "");
      await store.put("other", "");
      const since = store.version;
      await store.delete("key");
      await bytesOf(store.backup({ since }));
      await store.compact();
      await store.put("other", "again");
      if (name === "SledStore") assert.throws(() => store.backup({ since }), storeError("VERSION_GONE"));
      assert.equal((await inspectBackup(store.backup({ since: store.version - 1 }))).entries, 1);
    });

    test("overwritten values do not end what an increment needs", async () => {
      await using store = await make();
      await store.put("stays", "");
      await using copy = await make();
      await copy.restore(store.backup());
      const since = store.version;
      for (let i = 0; i < 3000; i++) store.put(`key ${i % 10}`, new Uint8Array(300).fill(i));
      await store.flush();
      await store.compact();
      await copy.restore(store.backup({ since }));
      assert.deepEqual(contentsOf(copy), contentsOf(store));
    });

    test("what is read is bounded by what is asked for, and a cancelled or aborted backup lets its snapshot go", async () => {
      await using store = await make();
      const opened = () => store.metrics().openSnapshots;
      await writeAtRandom(store, 9, 1000);
      const reader = store.backup().getReader();
      await reader.read();
      assert.equal(opened(), 1);
      await reader.cancel();
      assert.equal(opened(), 0);
      const stop = new AbortController();
      const aborted = store.backup({ since: store.version, signal: stop.signal }).getReader();
      assert.equal(opened(), 1);
      stop.abort(new Error("enough"));
      assert.equal(opened(), 0);
      await assert.rejects(aborted.read(), /enough/);
      await bytesOf(store.backup());
      assert.equal(opened(), 0);
      assert.throws(() => store.backup({ signal: stop.signal }), /enough/);
    });

    test("a store that is closed ends its backups", async () => {
      const store = await make();
      await store.put("key", "value");
      const reader = store.backup().getReader();
      await reader.read();
      await store.close();
      await assert.rejects(reader.read(), storeError("STORE_CLOSED"));
      assert.throws(() => store.backup(), storeError("STORE_CLOSED"));
      await assert.rejects(store.restore(new ReadableStream()), storeError("STORE_CLOSED"));
    });

    test("a restore is refused while snapshots are open, and ended by its signal, by its stream and by the end of the store", async () => {
      await using source = new MemoryStore();
      await writeAtRandom(source, 3, 500);
      const backup = await bytesOf(source.backup());
      const store = await make();
      const snapshot = store.snapshot();
      await assert.rejects(store.restore(streamOf(backup)), storeError("STORE_BUSY", "1 snapshots"));
      snapshot.dispose();
      const halfOf = () => {
        let isFirst = true;
        return new ReadableStream<Uint8Array>({
          pull: (controller) => {
            if (isFirst) controller.enqueue(backup.slice(0, 1000));
            isFirst = false;
          },
        });
      };
      const stop = new AbortController();
      const aborted = store.restore(halfOf(), { signal: stop.signal });
      await assert.rejects(store.restore(streamOf(backup)), storeError("STORE_RESTORING"));
      stop.abort(new Error("enough"));
      await assert.rejects(aborted, /enough/);
      const failing = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.error(new Error("no network")),
      });
      await assert.rejects(store.restore(failing), /no network/);
      assert.deepEqual([store.version, store.countSync()], [0, 0]);
      const unfinished = store.restore(halfOf());
      await Promise.all([store.close(), assert.rejects(unfinished, storeError("STORE_CLOSED"))]);
    });

    test("while a backup is applied other calls are refused", async () => {
      await using source = new MemoryStore();
      await writeAtRandom(source, 3, 3000, 100_000);
      const backup = await bytesOf(source.backup());
      await using store = await make();
      using _slow = slowClock();
      const restored = store.restore(streamOf(backup, 1_000_000));
      let refused = 0;
      let isOver = false;
      restored.finally(() => {
        isOver = true;
      });
      for (; !isOver; await nextTurn()) {
        try {
          const count = store.countSync();
          // A restore that is being applied is never visible.
          assert.ok(count === 0 || count === source.countSync(), `${count} entries`);
        } catch (error) {
          storeError("STORE_RESTORING")(error);
          refused += 1;
        }
      }
      assert.ok(refused > 0);
      assert.deepEqual(contentsOf(store), contentsOf(source));
    });

    test("bad input is refused", async () => {
      await using store = await make();
      await store.put("key", "");
      assert.throws(() => store.backup({ since: "1" as never }), misuse(TypeError, "Wrong option 'since'"));
      assert.throws(() => store.backup({ since: 99 }), misuse(RangeError, "from 0 to"));
      await assert.rejects(store.restore(new Uint8Array(3) as never), misuse(TypeError, "expected a ReadableStream"));
      const texts = new ReadableStream({ start: (controller) => controller.enqueue("lugeback") });
      await assert.rejects(store.restore(texts), misuse(TypeError, "chunks that are Uint8Arrays"));
      await assert.rejects(inspectBackup(null as never), misuse(TypeError, "expected a ReadableStream"));
    });
  });
}

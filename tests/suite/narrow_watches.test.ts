/**
 * Many watches of small ranges, on both stores. A commit wakes only the watches whose range it touches, and all of
 * these.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type Change, MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import type { Backend } from "../../src/backend.ts";
import { MemoryBackend } from "../../src/memory/backend.ts";
import { Engine } from "../../src/wasm/engine.ts";
import { within } from "../guard/within.ts";
import { storeError, text } from "../support/expect.ts";

const STORES: readonly [string, { prototype: Pick<Backend, "commits" | "changes"> }, () => Promise<Store>][] = [
  ["MemoryStore", MemoryBackend, async () => new MemoryStore()],
  [
    "SledStore",
    Engine,
    () => open({ path: "/store", fileSystem: new MemoryFileSystem(), writeBufferSize: 256 * 1024 }),
  ],
];

/** Counts how often watches ask a backend for changes while this is in use. */
class Looks implements Disposable {
  readonly #prototype: Pick<Backend, "commits" | "changes">;
  readonly #originals: Pick<Backend, "commits" | "changes">;
  count = 0;

  constructor(prototype: Pick<Backend, "commits" | "changes">) {
    this.#prototype = prototype;
    const { commits, changes } = prototype;
    this.#originals = { commits, changes };
    const looks = this;
    prototype.commits = function (this: Backend, ...parameters) {
      looks.count += 1;
      return commits.apply(this, parameters);
    };
    prototype.changes = function (this: Backend, ...parameters) {
      looks.count += 1;
      return changes.apply(this, parameters);
    };
  }

  [Symbol.dispose](): void {
    Object.assign(this.#prototype, this.#originals);
  }
}

/** Waits for more turns of the event loop than watches need to deliver everything, even on a slow machine. */
async function turns(): Promise<void> {
  for (let i = 0; i < 200; i++) await turn();
}

/** Reads a watch to its end, into a list. */
function follow(store: Store, range: object, told: Change[]): Promise<void> {
  const read = async () => {
    for await (const change of store.watch(range)) told.push(change);
  };
  return read();
}

for (const [name, { prototype }, openStore] of STORES) {
  describe(`narrow watches of ${name}`, () => {
    test("only watches whose range a commit touches look for it", async () => {
      await using store = await openStore();
      using looks = new Looks(prototype);
      const WATCHES = 1000;
      const told: Change[][] = Array.from({ length: WATCHES }, () => []);
      const reading = told.map((changes, i) => follow(store, { prefix: `user/${i}/` }, changes));
      await store.put("elsewhere", "");
      await turns();
      looks.count = 0;
      const PUTS = 200;
      for (let i = 0; i < PUTS; i++) await store.put(`order/${i}`, "value");
      assert.equal(looks.count, 0, "a watch looked for changes of another range");
      for (let i = 0; i < PUTS; i++) await store.put(`user/${i}/name`, "value");
      await turns();
      within("looksAChange", looks.count / PUTS);
      assert.deepEqual(
        told.map((changes) => changes.length),
        Array.from({ length: WATCHES }, (_, i) => (i < PUTS ? 1 : 0)),
      );
      await store.close();
      await Promise.all(reading);
    });

    test("writes without await wake no other watches either", async () => {
      await using store = await openStore();
      using looks = new Looks(prototype);
      const told: Change[][] = Array.from({ length: 300 }, () => []);
      const reading = told.map((changes, i) => follow(store, { prefix: `user/${i}/` }, changes));
      const PUTS = 3000;
      for (let i = 0; i < PUTS; i++) {
        const put = store.put(i % 10 === 0 ? `user/${i % 30}/${i}` : `order/${i}`, "value");
        if (i % 7 === 0) await put;
      }
      await store.flush();
      await turns();
      assert.equal(told.flat().length, PUTS / 10);
      // Each watch looks once when it begins, and once for each commit in its range.
      assert.ok(looks.count <= told.length + (PUTS / 10) * 3, `${looks.count} looks`);
      await store.close();
      await Promise.all(reading);
    });

    test("random writes in random ranges are delivered to each watch, once and in order", async () => {
      await using store = await openStore();
      const random = new Random(17);
      const letter = () => "abcdefgh".charAt(random.below(8));
      const ranges = [
        {},
        ...Array.from({ length: 60 }, () => {
          const [low, high] = [letter() + letter(), letter() + letter()].sort();
          return random.below(2) === 0 ? { gte: low, lte: high } : { gt: low, lt: high };
        }),
        ...Array.from({ length: 8 }, (_, i) => ({ prefix: "abcdefgh".charAt(i) })),
      ];
      const several = Array.from({ length: 20 }, () =>
        Array.from({ length: 1 + random.below(6) }, () => random.pick(ranges.slice(1))),
      );
      const toldOfSeveral: Change[][] = several.map(() => []);
      const readingSeveral = several.map((each, i) => follow(store, { ranges: each }, toldOfSeveral[i] as Change[]));
      const told: Change[][] = ranges.map(() => []);
      const reading = ranges.map((range, i) => follow(store, range, told[i] as Change[]));
      const key = () => letter() + letter() + letter();
      for (let i = 0; i < 1500; i++) {
        const kind = random.below(8);
        if (kind === 0) store.putSync(key(), `${i}`);
        else if (kind === 1) store.delete(key());
        else if (kind === 2) store.batch([key(), key(), key()].map((each) => ({ type: "put", key: each, value: "" })));
        else if (kind === 3) {
          await store.transaction(async (tx) => {
            await tx.get("none");
            tx.put(key(), "transaction");
          });
        } else if (kind === 4 && random.below(10) === 0) await store.deleteRange({ prefix: letter() });
        else if (kind === 5) store.compareAndSetSync(key(), undefined, "new");
        else store.put(key(), `${i}`, random.below(2) === 0 ? { ttl: 3_600_000 } : {});
        if (random.below(5) === 0) await store.flush();
        if (random.below(9) === 0) await turn();
      }
      await store.flush();
      await turns();
      const shown = ({ type, key: each, version, value }: Change) => `${version} ${type} ${each} ${text(value)}`;
      const [all = []] = told;
      assert.ok(all.length > 1500);
      const isIn = (range: Record<string, string>, each: string) => {
        const { gte = "", lte = "~", gt = "", lt = "~", prefix = "" } = range;
        return each >= gte && each <= lte && each > gt && each < lt && each.startsWith(prefix);
      };
      const compare = (of: Record<string, string>[], delivered: Change[] | undefined) => {
        const expected = all.filter(({ key: each }) => of.some((range) => isIn(range, each)));
        assert.deepEqual(delivered?.map(shown), expected.map(shown), JSON.stringify(of));
      };
      for (const [i, range] of ranges.entries()) compare([range as Record<string, string>], told[i]);
      for (const [i, each] of several.entries()) compare(each as Record<string, string>[], toldOfSeveral[i]);
      await store.close();
      await Promise.all([...reading, ...readingSeveral]);
    });

    test("a watch of a range without writes loses nothing, however many writes other ranges get", async () => {
      await using store = await openStore();
      using looks = new Looks(prototype);
      const waiting = store.watch({ prefix: "rare/" })[Symbol.asyncIterator]();
      const slow = store.watch({ prefix: "rare/" })[Symbol.asyncIterator]();
      const next = waiting.next();
      const first = slow.next();
      await store.put("rare/1", "first");
      assert.equal((await first).value?.key, "rare/1");
      assert.equal((await next).value?.key, "rare/1");
      const second = waiting.next();
      // The same keys again and again: their older versions are removed, and with them the history. One watch waits,
      // the other one does not.
      for (let i = 0; i < 30_000; i++) store.put(`key${i % 100}`, `${i}`);
      await store.flush();
      looks.count = 0;
      await store.put("rare/2", "second");
      assert.equal(text((await second).value?.value), "second");
      assert.equal(text((await slow.next()).value?.value), "second");
      assert.ok(looks.count <= 6, `${looks.count} looks`);
    });

    test("a watch of several ranges finds past changes, wherever they are stored", async () => {
      const fileSystem = new MemoryFileSystem();
      const config = { path: "/store", fileSystem, writeBufferSize: 256 * 1024, numVersionsToKeep: 3 };
      const reopened = name === "SledStore";
      let store = reopened ? await open(config) : await openStore();
      for (let i = 0; i < 6000; i++) store.put(`key${(i * 7919) % 6000}`, `${i}`);
      await store.flush();
      if (reopened) {
        await store.close();
        store = await open(config);
      }
      const told: string[] = [];
      const ranges = [{ prefix: "key5" }, { gte: "key1", lt: "key12" }, { prefix: "key55" }];
      const expected = Array.from({ length: 6000 }, (_, i) => `key${(i * 7919) % 6000}`).filter(
        (key) => key.startsWith("key5") || (key >= "key1" && key < "key12"),
      );
      for await (const { key } of store.watch({ ranges }, { since: 0 })) if (told.push(key) === expected.length) break;
      assert.deepEqual(told, expected);
      await store.close();
    });

    test("a waiting watch notices a restore", async () => {
      await using store = await openStore();
      await using source = new MemoryStore();
      for (let i = 0; i < 10; i++) await source.put(`key${i}`, "value");
      const watch = store.watch({ prefix: "other" })[Symbol.asyncIterator]();
      const next = watch.next();
      await turn();
      const expected = assert.rejects(next, storeError("VERSION_GONE"));
      await store.restore(source.backup());
      await expected;
    });
  });
}

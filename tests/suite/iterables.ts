/**
 * Parts of the shared suite: records, helpers of iterables, and cursors.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type KeyRange, type RangeIterable, type Store, utf8Codec } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import type { Check } from "./parts.ts";

const HOUR = 3_600_000;
const reason = new Error("enough");
const numbered = (i: number) => `n${String(i).padStart(6, "0")}`;

async function fill(store: Store, count: number): Promise<void> {
  await store.batch(Array.from({ length: count }, (_, i) => ({ type: "put", key: numbered(i), value: `${i}` })));
}

/** Tests of reads with versions, and of reads of several keys. */
export function records(check: Check): void {
  check("records have versions and expiries, over many pages and in both directions", async (store) => {
    await fill(store, 5000);
    const first = store.version;
    await store.put(numbered(7), "seven", { ttl: HOUR });
    const expected = Array.from({ length: 5000 }, (_, i) => [numbered(i), i === 7 ? store.version : first]);
    const all = await store.records().toArray();
    assert.deepEqual(
      all.map(({ key, version }) => [key, version]),
      expected,
    );
    const seventh = store.getEntrySync(numbered(7));
    assert.deepEqual(all[7], { key: numbered(7), ...seventh });
    assert.deepEqual([text(all[7]?.value), text(all[8]?.value)], ["seven", "8"]);
    assert.ok(all.every((each) => "expiresAt" in each === (each.key === numbered(7))));
    const back = store.records({ reverse: true, keyEncoding: "bytes", lt: numbered(8), limit: 1 }).toArraySync();
    assert.deepEqual(back, [{ ...all[7], key: new TextEncoder().encode(numbered(7)) }]);
  });

  check("records of a transaction have its own writes, above all versions", async (store) => {
    await store.put("a", "1");
    await store.put("c", "3");
    await store.transaction((tx) => {
      tx.put("b", "2", { ttl: HOUR });
      tx.delete("c");
      const [a, b, ...others] = tx.records();
      assert.deepEqual([a?.key, a?.version, b?.key], ["a", store.version - 1, "b"]);
      assert.ok((b?.version ?? 0) > store.version);
      assert.equal(b?.expiresAt, tx.getEntrySync("b")?.expiresAt);
      assert.deepEqual(others, []);
    });
  });

  check("getEntries and hasMany read several keys at one version", async (store) => {
    await fill(store, 1000);
    const keys = Array.from({ length: 2000 }, (_, i) => numbered(i));
    const entries = await store.getEntries(keys);
    assert.deepEqual(entries, store.getEntriesSync(keys));
    assert.deepEqual(entries[5], store.getEntrySync(numbered(5)));
    assert.deepEqual(
      await store.hasMany(keys),
      keys.map((_, i) => i < 1000),
    );
    assert.deepEqual(store.hasManySync(["", "x"].slice(1)), [false]);
    const reading = store.hasMany(keys);
    store.deleteRangeSync({});
    assert.equal((await reading).filter((isThere) => isThere).length, 1000);
    await assert.rejects(store.hasMany("ab" as never), misuse(TypeError, "as keys"));
    await assert.rejects(store.getEntries(keys, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  });
}

/** Tests of `map`, `filter`, `take` and `toArray`. */
export function helpers(check: Check): void {
  check("random chains of map, filter and take are those of arrays, in every form", async (store) => {
    await fill(store, 3000);
    const random = new Random(5);
    for (let round = 0; round < 60; round++) {
      const range: KeyRange = {
        reverse: random.below(2) === 0,
        ...(random.below(3) === 0 ? { limit: random.below(2000) } : {}),
      };
      let expected: unknown[] = [...store.keys(range)];
      let chain: RangeIterable<unknown> = store.keys(range);
      for (let stage = random.below(4); stage >= 0; stage--) {
        const what = random.below(3);
        const part = 1 + random.below(5);
        const isWanted = (each: unknown) => String(each).length > 0 && Number(String(each).slice(1, 7)) % part === 0;
        const count = random.below(4) * 700;
        if (what === 0) [expected, chain] = [expected.map((each) => `${each}!`), chain.map((each) => `${each}!`)];
        if (what === 1) [expected, chain] = [expected.filter(isWanted), chain.filter(isWanted)];
        if (what === 2) [expected, chain] = [expected.slice(0, count), chain.take(count)];
      }
      assert.deepEqual([...chain], expected);
      assert.deepEqual(chain.toArraySync(), expected);
      assert.deepEqual(await chain.toArray(), expected);
      const walked: unknown[] = [];
      for await (const each of chain) walked.push(each);
      assert.deepEqual(walked, expected);
    }
    assert.equal(store.metrics().openSnapshots, 0);
  });

  check("a helper that throws ends the iterator, and no snapshot is left", async (store) => {
    await fill(store, 3000);
    const failing = store.keys().map((key) => {
      if (key === numbered(2000)) throw reason;
      return key;
    });
    await assert.rejects(failing.toArray(), reason);
    assert.throws(() => failing.toArraySync(), reason);
    assert.throws(() => store.keys().take(-1), misuse(RangeError, "'count'"));
    assert.throws(() => store.keys().take("5" as never), misuse(TypeError, "'count'"));
    assert.equal(store.metrics().openSnapshots, 0);
  });
}

/** Tests of cursors. */
export function cursors(check: Check): void {
  check("a cursor reads what it is asked for, at the version of its begin", async (store) => {
    await fill(store, 5000);
    using cursor = store.entries().cursor();
    store.deleteRangeSync({});
    const sizes = [1, 10, 1000, 3000, 5000, 1];
    const seen: string[] = [];
    for (const [i, size] of sizes.entries()) {
      const entries = i % 2 === 0 ? await cursor.nextMany(size) : cursor.nextManySync(size);
      assert.equal(entries.length, Math.min(size, 5000 - seen.length));
      for (const [key, value] of entries) assert.equal(numbered(Number(text(value))), seen.push(key) && key);
    }
    assert.equal(seen.length, 5000);
    assert.deepEqual([cursor.nextManySync(1), await cursor.nextMany(1)], [[], []]);
  });

  check("a cursor goes to any key of its range, also from its end", async (store) => {
    await fill(store, 3000);
    const random = new Random(9);
    const all = [...store.keys()];
    for (const reverse of [false, true]) {
      const range = { gte: numbered(500), lt: numbered(2500), reverse };
      const inRange = all.slice(500, 2500);
      using cursor = store.keys(range).cursor();
      for (let round = 0; round < 100; round++) {
        const key = random.below(2) === 0 ? numbered(random.below(3000)) : `${numbered(random.below(3000))}x`;
        cursor.seek(key);
        const expected = reverse
          ? inRange.filter((each) => each <= key).reverse()
          : inRange.filter((each) => each >= key);
        const count = 1 + random.below(1500);
        assert.deepEqual(await cursor.nextMany(count), expected.slice(0, count));
      }
      cursor.seek("");
      assert.equal(cursor.nextManySync(1).length, reverse ? 0 : 1);
    }
  });

  check("a limit counts the entries before and after a seek; helpers work on cursors", async (store) => {
    await fill(store, 100);
    using cursor = store.keys({ limit: 5 }).cursor();
    assert.equal(cursor.nextManySync(2).length, 2);
    cursor.seek(numbered(50));
    assert.deepEqual(cursor.nextManySync(10), [50, 51, 52].map(numbered));
    cursor.seek(numbered(0));
    assert.deepEqual(cursor.nextManySync(10), []);
    using even = store
      .keys()
      .filter((key) => Number(key.slice(1)) % 2 === 0)
      .take(3)
      .map((key) => key.length)
      .cursor();
    assert.deepEqual(await even.nextMany(10), [7, 7, 7]);
    assert.deepEqual(await even.nextMany(10), []);
  });

  check("a cursor of a view takes keys of the view; cursors in transactions see its writes", async (store) => {
    const view = store.view({ prefix: "v/", value: utf8Codec });
    await view.batch(["a", "b", "c"].map((key) => ({ type: "put", key, value: key })));
    using cursor = view.keys().cursor();
    cursor.seek("b");
    assert.deepEqual(await cursor.nextMany(5), ["b", "c"]);
    await store.transaction((tx) => {
      tx.put("v/bb", "new");
      using own = tx.keys().cursor();
      own.seek("v/b");
      assert.deepEqual(own.nextManySync(2), ["v/b", "v/bb"]);
    });
  });

  check(
    "calls of a cursor that are not awaited run in order; it holds a snapshot until it is disposed of",
    async (store) => {
      await fill(store, 3000);
      const cursor = store.keys().cursor();
      assert.equal(store.metrics().openSnapshots, 1);
      const both = await Promise.all([cursor.nextMany(1000), cursor.nextMany(1000)]);
      assert.deepEqual(both.flat(), [...store.keys({ limit: 2000 })]);
      cursor.dispose();
      cursor.dispose();
      assert.equal(store.metrics().openSnapshots, 0);
      assert.throws(() => cursor.nextManySync(1), storeError("STORE_CLOSED", "disposed"));
      await assert.rejects(cursor.nextMany(1), storeError("STORE_CLOSED", "disposed"));
      assert.throws(() => cursor.seek("a"), storeError("STORE_CLOSED", "disposed"));
      using other = store.keys().cursor();
      await assert.rejects(other.nextMany(0), misuse(RangeError, "'count'"));
      assert.throws(() => other.nextManySync(1.5), misuse(RangeError, "'count'"));
      assert.throws(() => other.seek(5 as never), misuse(TypeError, "the number 5"));
    },
  );
}

/**
 * How often operations call the engine.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, open, type SledStore } from "../../mod.ts";
import { HeldSyncs, settle } from "../support/held_syncs.ts";
import { CountedEngine } from "./counted_engine.ts";
import { within } from "./within.ts";

const VALUE = new Uint8Array(100);

/**
 * The calls of one kind, and of all but the given kinds. Ignores growing the request buffer, which happens once for
 * each size.
 */
class Calls {
  readonly #calls: Readonly<Record<string, number>>;

  constructor({ luge_reserve: _, ...calls }: Readonly<Record<string, number>>) {
    this.#calls = calls;
  }

  of(name: string): number {
    return this.#calls[name] ?? 0;
  }

  butFor(...names: string[]): number {
    return Object.entries(this.#calls).reduce((sum, [name, count]) => (names.includes(name) ? sum : sum + count), 0);
  }
}

type Counted = (run: (store: SledStore) => unknown) => Promise<Calls>;

async function withCounts(run: (counted: Counted) => Promise<void>): Promise<void> {
  using engine = new CountedEngine();
  await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
  await store.put("key", VALUE);
  assert.ok(new Calls(engine.calls).of("luge_put") === 1, "calls are not counted");
  await run(async (use) => {
    engine.reset();
    await use(store);
    return new Calls(engine.calls);
  });
}

/** The calls that make a group durable: one asks for it, one tells that it is done. */
const COMMIT = ["luge_begin_sync", "luge_synced"] as const;

describe("calls into the engine", () => {
  test("one per put, and two more for all puts that become durable together", () =>
    withCounts(async (counted) => {
      const turn = await counted((store) =>
        Promise.all(Array.from({ length: 64 }, (_, i) => store.put(`key ${i}`, VALUE))),
      );
      within("putCalls", turn.butFor(...COMMIT) / 64);
      within("commitCalls", turn.of("luge_begin_sync"));
      within("toldCalls", turn.of("luge_synced"));
      const blocking = await counted((store) => store.putSync("key", VALUE));
      within("putCalls", blocking.butFor("luge_sync"));
      within("commitCalls", blocking.of("luge_sync"));
    }));

  test("the engine is told only of the syncs that had been asked for when the group began", async () => {
    using engine = new CountedEngine();
    const disk = new HeldSyncs();
    const opening = open({ path: "/store", fileSystem: disk }).then((store) => store.put("a", VALUE).then(() => store));
    let store: SledStore | undefined;
    opening.then((opened) => {
      store = opened;
    });
    while (!store || disk.held.length > 0) {
      disk.held[0]?.complete();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const before = Number(engine.parametersOf("luge_synced")[0]);
    const first = store.put("b", VALUE);
    await settle();
    // The second sync is asked for while the first one goes on.
    const more = store.put("more", VALUE);
    const second = store.flush();
    await settle();
    disk.held.find(({ path }) => path.includes("/log/"))?.complete();
    await first;
    assert.equal(engine.parametersOf("luge_synced")[0], before + 1);
    const last = store.put("c", VALUE);
    const ended = Promise.all([more, second, last, store.close()]);
    let isEnded = false;
    ended.then(() => {
      isEnded = true;
    });
    while (!isEnded) {
      disk.held[0]?.complete();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  });

  test("one per batch, one per deletion", () =>
    withCounts(async (counted) => {
      const puts = Array.from({ length: 1000 }, (_, i) => ({ type: "put", key: `key ${i}`, value: VALUE }) as const);
      const batch = await counted((store) => store.batch(puts));
      within("batchCalls", batch.butFor(...COMMIT));
      within("commitCalls", batch.of("luge_begin_sync"));
      within("toldCalls", batch.of("luge_synced"));
      const deletion = await counted((store) => store.delete("key"));
      within("deleteCalls", deletion.butFor(...COMMIT));
      within("commitCalls", deletion.of("luge_begin_sync"));
      within("toldCalls", deletion.of("luge_synced"));
    }));

  test("one per read, found or not", () =>
    withCounts(async (counted) => {
      const found = await counted(async (store) => assert.ok(await store.get("key")));
      within("getCalls", found.butFor());
      const missed = await counted((store) => assert.equal(store.getSync("nowhere"), undefined));
      within("getCalls", missed.butFor());
      const asked = await counted((store) => assert.equal(store.hasSync("key"), true));
      within("hasCalls", asked.butFor());
    }));

  test("one per page of a scan, and two to keep its version", () =>
    withCounts(async (counted) => {
      const entries = 20_000;
      const keyOf = (i: number) => `k${String(i).padStart(11, "0")}`;
      await counted((store) =>
        store.batch(Array.from({ length: entries }, (_, i) => ({ type: "put", key: keyOf(i), value: VALUE }))),
      );
      let bytes = 0;
      const scan = await counted((store) => {
        for (const [key, value] of store.entries({ prefix: "k0" })) bytes += key.length + value.length;
      });
      assert.equal(bytes, entries * 112);
      assert.ok(scan.of("luge_scan") > 1);
      within("scanCalls", scan.of("luge_scan"));
      within("scanExtraCalls", scan.butFor("luge_scan"));
      // A caller that reads only the first entry must not pay for a thousand.
      using engine = new CountedEngine();
      await using other = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
      await other.batch(Array.from({ length: 1000 }, (_, i) => ({ type: "put", key: keyOf(i), value: VALUE })));
      engine.reset();
      for (const [key] of other.entries()) {
        assert.equal(key, keyOf(0));
        break;
      }
      within("firstStepCalls", new Calls(engine.calls).butFor());
      within("firstStepBytes", Number(engine.parametersOf("luge_scan")[4]));
      const few = await counted((store) => assert.equal([...store.entries({ prefix: "k0000000001" })].length, 10));
      within("shortScanCalls", few.butFor());
    }));
});

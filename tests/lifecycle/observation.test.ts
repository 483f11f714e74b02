/** Latencies, the channels of `node:diagnostics_channel`, and log lines for what takes long. */

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, test } from "node:test";
import { MemoryFileSystem, MemoryStore, open, type StoreEvents } from "../../mod.ts";
import { Histogram } from "../../src/histogram.ts";
import { quantile } from "../../src/prometheus/mod.ts";
import { misuse, storeError } from "../support/expect.ts";
import { HeldSyncs } from "../support/held_syncs.ts";
import { slowClock } from "../support/slow_clock.ts";

type Told = { [Name in keyof StoreEvents]: { name: Name; message: StoreEvents[Name] } }[keyof StoreEvents];

/** Collects the messages of one store until it is disposed. */
function listen(path: string | undefined, names: readonly (keyof StoreEvents)[]): Told[] & Disposable {
  const told: Told[] = [];
  const listeners = names.map((name) => {
    const see = (message: unknown) => {
      if ((message as { path?: string }).path === path) told.push({ name, message } as Told);
    };
    subscribe(name, see);
    return () => unsubscribe(name, see);
  });
  return Object.assign(told, { [Symbol.dispose]: () => listeners.forEach((end) => void end()) });
}

describe("a histogram", () => {
  test("has buckets a quarter wide at most, which follow each other, and counts every duration in the right one", () => {
    const bounds = new Set<number>();
    for (let ms = 1e-5; ms < 2e5; ms *= 1.05) {
      const histogram = new Histogram();
      histogram.add(ms);
      const { count, sumMs, maxMs, buckets } = histogram.toPublic();
      assert.deepEqual([count, sumMs, maxMs, buckets.length, buckets[0]?.count], [1, ms, ms, 1, 1]);
      const belowMs = buckets[0]?.belowMs ?? 0;
      assert.ok(belowMs > ms, `${ms}`);
      if (ms > 1e-3 && ms < 1e5) assert.ok(belowMs <= ms * 1.25, `${ms} is in the bucket below ${belowMs}`);
      bounds.add(belowMs);
    }
    assert.ok(bounds.size > 100 && bounds.has(Number.POSITIVE_INFINITY));
    for (let power = -10; power <= 16; power++) assert.ok(bounds.has(2 ** power), `2^${power} is no bound`);
  });

  test("takes a clock that was set back as no time", () => {
    const histogram = new Histogram();
    histogram.add(-5);
    assert.deepEqual([histogram.count, histogram.sumMs, histogram.maxMs], [1, 0, 0]);
  });

  test("has quantiles, which are not above the longest time", () => {
    const histogram = new Histogram();
    assert.ok(Number.isNaN(quantile(histogram.toPublic(), 0.5)));
    for (let i = 1; i <= 100; i++) histogram.add(i);
    const seen = histogram.toPublic();
    const [half, most, all] = [0.5, 0.99, 1].map((part) => quantile(seen, part));
    assert.ok(half !== undefined && half >= 50 && half <= 63, `${half}`);
    assert.deepEqual([most, all], [100, 100]);
    for (const part of [-1, 2, Number.NaN])
      assert.throws(() => quantile(seen, part), misuse(RangeError, "from 0 to 1"));
  });
});

describe("latencies", () => {
  test("count each durable commit and sync, and one of 509 reads", async () => {
    await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
    for (let i = 0; i < 5; i++) await store.put("key", `${i}`);
    await Promise.all([store.put("a", "1"), store.put("b", "2")]);
    store.putSync("key", "value");
    for (let i = 0; i < 509 * 3; i++) await store.get("key");
    for (let i = 0; i < 509; i++) store.getSync("key");
    await store.flush();
    const { get, commit, sync } = store.latencies();
    assert.deepEqual([get.count, commit.count, sync.count >= 7], [3, 7, true]);
    const part = store.view({ prefix: "part/" });
    assert.equal(part.latencies().commit.count, 7);
  });

  test("count the steps of the background work", async () => {
    await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem(), writeBufferSize: 256 * 1024 });
    for (let i = 0; i < 600; i++) store.putSync(`key${i}`, "v".repeat(1000));
    await store.put("key", "value");
    await new Promise((resolve) => setTimeout(resolve, 5));
    while (store.latencies().step.count === 0) await store.put("key", "value");
    assert.ok(store.latencies().step.sumMs > 0);
  });

  test("count each transaction that commits, with the time of its function and its repetitions", async () => {
    await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
    const wait = () => new Promise((resolve) => setTimeout(resolve, 5));
    let runs = 0;
    await store.transaction(async (tx) => {
      runs += 1;
      tx.put("key", `${tx.getSync("other")}`);
      if (runs === 1) store.putSync("other", "value");
      await wait();
    });
    await store.view({ prefix: "part/" }).transaction((tx) => tx.getSync("key"));
    const thrown = store.transaction(() => {
      throw new Error("thrown");
    });
    await assert.rejects(thrown, { message: "thrown" });
    const { transaction } = store.latencies();
    // Timers may be a millisecond early.
    assert.deepEqual([runs, transaction.count, transaction.maxMs >= 8], [2, 2, true]);
  });

  test("are of an open store only", async () => {
    const store = new MemoryStore();
    await store.put("key", "value");
    assert.deepEqual([store.latencies().commit.count, store.latencies().sync.count], [1, 0]);
    await store.close();
    assert.throws(() => store.latencies(), storeError("STORE_CLOSED", "read the latencies"));
  });
});

describe("channels", () => {
  test("tell of opening, commits, syncs, steps and closing, with the path", async () => {
    const names = ["luge:open", "luge:commit", "luge:sync", "luge:background", "luge:close", "luge:error"] as const;
    using told = listen("/told", names);
    const store = await open({ path: "/told", fileSystem: new MemoryFileSystem(), writeBufferSize: 256 * 1024 });
    await Promise.all([store.put("a", "1"), store.batch([{ type: "put", key: "b", value: "2" }])]);
    store.putSync("c", "3");
    const commits = told.flatMap(({ name, message }) => (name === "luge:commit" ? [message] : []));
    assert.deepEqual(
      commits.map((commit) => [commit.commits, commit.version]),
      [
        [2, store.version - 1],
        [1, store.version],
      ],
    );
    for (const { durationMs, syncMs, stepMs, error } of commits) {
      assert.ok(durationMs >= 0 && syncMs >= 0 && stepMs === 0 && error === undefined);
    }
    for (let i = 0; i < 600; i++) store.putSync(`key${i}`, "v".repeat(1000));
    while (store.latencies().step.count === 0) await store.put("key", "value");
    await store.close();
    const seen = new Set<string>(told.map(({ name }) => name));
    assert.deepEqual([...seen].sort(), names.filter((name) => name !== "luge:error").toSorted());
    assert.deepEqual([told[0]?.name, told.at(-1)?.name], ["luge:open", "luge:close"]);
  });

  test("tell of a store that could not be opened, and why", async () => {
    using told = listen("/missing", ["luge:open"]);
    await assert.rejects(
      open({ path: "/missing", fileSystem: new MemoryFileSystem(), createIfMissing: false }),
      storeError("NOT_A_STORE"),
    );
    assert.equal(told.length, 1);
    const [first] = told;
    assert.ok(first?.name === "luge:open" && storeError("NOT_A_STORE")(first.message.error));
  });

  test("tell of a commit that failed, and that the store failed", async () => {
    using told = listen("/held", ["luge:commit", "luge:error"]);
    const disk = new HeldSyncs();
    const ignore = () => {};
    const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
    const opening = open({ path: "/held", fileSystem: disk, logger });
    const store = await whileReleased(disk, opening);
    const failing = store.put("key", "value");
    await eventually(() => disk.held.length > 0);
    for (const sync of [...disk.held]) sync.fail(new Error("the disk is broken"));
    await assert.rejects(failing, storeError("IO_ERROR", "broken"));
    assert.deepEqual(told.map(({ name }) => name).sort(), ["luge:commit", "luge:error"]);
    for (const { message } of told) assert.ok("error" in message && storeError("IO_ERROR")(message.error));
  });

  test("cost nothing without subscribers, and end with them", async () => {
    const store = new MemoryStore();
    const told = listen(undefined, ["luge:commit"]);
    await store.put("key", "1");
    told[Symbol.dispose]();
    await store.put("key", "2");
    assert.deepEqual(
      told.map(({ message }) => message.path),
      [undefined],
    );
  });
});

describe("slowOperation", () => {
  test("logs what took as long, and where the time went; each line at the level WARNING", async () => {
    const lines: string[] = [];
    const refuse = (line: string) => assert.fail(line);
    const logger = { debug: refuse, info: refuse, warn: (line: string) => lines.push(line), error: refuse };
    using _clock = slowClock();
    const fileSystem = new MemoryFileSystem();
    const store = await open({ path: "/slow", fileSystem, logger, loggingLevel: 2, slowOperation: 500 });
    await store.put("key", "value");
    store.getSync("key");
    await store.close();
    const [opened, ...more] = lines;
    assert.match(opened ?? "", /^slow: open of '\/slow' took \d+\.0 ms: \d+\.0 ms until it had the directory$/);
    const expected = [
      /^slow: a sync of the log of '\/slow' took \d+\.0 ms$/,
      /^slow: a commit of 1 write of '\/slow' took \d+\.0 ms: [1-9]\d+\.0 ms syncs of the log, \d\.0 ms background steps$/,
      /^slow: a get of '\/slow' took \d+\.0 ms$/,
      /^slow: close of '\/slow' took \d+\.0 ms: /,
    ];
    for (const pattern of expected)
      assert.ok(
        more.some((line) => pattern.test(line)),
        `${pattern} in ${more.join("\n")}`,
      );
  });

  test("leaves the store as it is if the logger throws; a logger that throws at the end of open leaves nothing open", async () => {
    using _clock = slowClock();
    const fileSystem = new MemoryFileSystem();
    const ignore = () => {};
    const refuse = () => assert.fail("the logger is broken");
    const logger = { debug: ignore, info: ignore, warn: refuse, error: ignore };
    const config = { path: "/slow", fileSystem, loggingLevel: 1, slowOperation: 1 } as const;
    for (const info of [refuse, ignore]) {
      const opening = open({ ...config, logger: { ...logger, info } });
      if (info === refuse) {
        await assert.rejects(opening, /the logger is broken/);
        continue;
      }
      const store = await opening;
      await store.put("key", "value");
      assert.equal(store.getSync("key")?.length, 5);
      await store.close();
    }
  });

  test("logs nothing by default, nor what is faster", async () => {
    using _clock = slowClock();
    for (const slowOperation of [undefined, Number.POSITIVE_INFINITY, 1e9]) {
      const lines: string[] = [];
      const warn = (line: string) => lines.push(line);
      const logger = { debug: () => {}, info: () => {}, warn, error: warn };
      const config = {
        path: "/slow",
        fileSystem: new MemoryFileSystem(),
        logger,
        loggingLevel: 0,
        slowOperation,
      } as const;
      const store = await open(config);
      await store.put("key", "value");
      await store.close();
      assert.deepEqual(lines, []);
    }
  });
});

/** Completes all syncs until the promise settles. */
async function whileReleased<T>(disk: HeldSyncs, promise: Promise<T>): Promise<T> {
  let isDone = false;
  const done = promise.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    for (const sync of [...disk.held]) sync.complete();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return await done;
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

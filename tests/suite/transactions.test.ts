/**
 * Transactions, on both stores: they are serializable, run again after conflicts, and leave nothing when they fail.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, MemoryStore, open, type Store, type Transaction } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { misuse, storeError, text } from "../support/expect.ts";

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  MemoryStore: async () => new MemoryStore(),
  SledStore: () => open({ path: "/store", fileSystem: new MemoryFileSystem(), writeBufferSize: 256 * 1024 }),
};

const number = (value: Uint8Array | undefined) => Number(text(value));
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

for (const [name, openStore] of Object.entries(STORES)) {
  describe(`transactions of ${name}`, () => {
    const check = (what: string, use: (store: Store) => Promise<void>) =>
      test(what, async () => {
        await using store = await openStore();
        await use(store);
      });

    check("commit what they wrote as one version, and return what the function returned", async (store) => {
      await store.put("a", "1");
      const before = store.version;
      const result = await store.transaction((tx) => {
        assert.equal(tx.version, before);
        tx.put("b", text(tx.getSync("a")) ?? "");
        tx.delete("a");
        return "done";
      });
      assert.equal(result, "done");
      assert.deepEqual([...store.keys()], ["b"]);
      assert.equal((await store.getEntry("b"))?.version, store.version);
    });

    check("see their own writes, also in ranges, and no other reader does", async (store) => {
      await store.batch(["a", "c", "e"].map((key) => ({ type: "put", key, value: key })));
      await store.transaction(async (tx) => {
        tx.put("b", "new");
        tx.put("c", "changed");
        tx.delete("e");
        assert.equal(text(await tx.get("b")), "new");
        assert.equal(await tx.has("e"), false);
        assert.equal(await tx.count(), 3);
        const entries = [...tx.entries()].map(([key, value]) => [key, text(value)]);
        assert.deepEqual(entries, [
          ["a", "a"],
          ["b", "new"],
          ["c", "changed"],
        ]);
        assert.deepEqual([...tx.keys({ reverse: true, limit: 2 })], ["c", "b"]);
        assert.deepEqual([...tx.keys({ gt: "a", lte: "b" })], ["b"]);
        assert.deepEqual([...store.keys()], ["a", "c", "e"]);
      });
      assert.deepEqual([...store.keys()], ["a", "b", "c"]);
    });

    check("agree with a plain map in every range, over pages and with random writes", async (store) => {
      const random = new Random(7);
      const plain = new Map<string, string>();
      for (let i = 0; i < 3000; i++) plain.set(`k${random.below(5000)}`, `${"x".repeat(100)}${i}`);
      await store.batch([...plain].map(([key, value]) => ({ type: "put", key, value })));
      await store.transaction((tx) => {
        for (let i = 0; i < 1000; i++) {
          const key = `k${random.below(5000)}`;
          if (random.below(2) === 0) {
            tx.delete(key);
            plain.delete(key);
          } else {
            tx.put(key, `${i}`);
            plain.set(key, `${i}`);
          }
        }
        for (let i = 0; i < 30; i++) {
          const [gte, lt] = [`k${random.below(5000)}`, `k${random.below(5000)}`];
          const range = { gte, lt, reverse: random.below(2) === 0, limit: 1 + random.below(3000) };
          const keys = [...plain.keys()].filter((key) => key >= gte && key < lt).sort();
          const expected = (range.reverse ? keys.reverse() : keys).slice(0, range.limit);
          assert.deepEqual([...tx.keys(range)], expected);
          assert.equal(tx.countSync(range), expected.length);
        }
      });
      assert.deepEqual([...store.keys()], [...plain.keys()].sort());
    });

    check("leave nothing behind when the function throws", async (store) => {
      const failure = new Error("not now");
      const run = store.transaction((tx) => {
        tx.put("key", "value");
        throw failure;
      });
      await assert.rejects(run, (error) => error === failure);
      assert.equal(store.countSync(), 0);
      assert.equal(store.metrics().openSnapshots, 0);
    });

    check("leave nothing behind when their signal aborts, before or meanwhile", async (store) => {
      const reason = new Error("changed my mind");
      await assert.rejects(
        store.transaction(() => assert.fail("ran"), { signal: AbortSignal.abort(reason) }),
        (error) => error === reason,
      );
      const controller = new AbortController();
      let late: Transaction | undefined;
      const run = store.transaction(
        async (tx) => {
          late = tx;
          tx.put("key", "value");
          await new Promise(() => {});
        },
        { signal: controller.signal },
      );
      await turn();
      controller.abort(reason);
      await assert.rejects(run, (error) => error === reason);
      assert.equal(store.countSync(), 0);
      assert.throws(() => late?.put("key", "late"), storeError("TRANSACTION_ENDED"));
      assert.equal(store.metrics().openSnapshots, 0);
    });

    check("are run again when a key that they read changed, and see the change", async (store) => {
      await store.put("counter", "0");
      let runs = 0;
      await store.transaction(async (tx) => {
        runs += 1;
        const value = number(await tx.get("counter"));
        if (runs === 1) await store.put("counter", "10");
        tx.put("counter", `${value + 1}`);
      });
      assert.equal(runs, 2);
      assert.equal(text(await store.get("counter")), "11");
    });

    check("are not run again for what they did not read", async (store) => {
      let runs = 0;
      await store.transaction(async (tx) => {
        runs += 1;
        await tx.get("mine");
        await store.put("other", "1");
        tx.put("mine", "1");
      });
      assert.equal(runs, 1);
    });

    check("notice a new key in a range that they read, and a deleted one", async (store) => {
      await store.put("r/1", "");
      for (const change of [() => store.put("r/2", ""), () => store.delete("r/1")]) {
        let runs = 0;
        await store.transaction(async (tx) => {
          runs += 1;
          const count = await tx.count({ prefix: "r/" });
          if (runs === 1) await change();
          tx.put("count", `${count}`);
        });
        assert.equal(runs, 2);
        assert.equal(number(await store.get("count")), await store.count({ prefix: "r/" }));
      }
    });

    check("do not notice a change after the part of a range that they read", async (store) => {
      await store.batch(["a", "b", "c"].map((key) => ({ type: "put", key, value: "" })));
      let runs = 0;
      await store.transaction(async (tx) => {
        runs += 1;
        assert.equal(tx.keys({ limit: 1 })[Symbol.iterator]().next().value, "a");
        tx.countSync({ gte: "b", lt: "c" });
        await store.put("z", "");
        tx.put("done", "");
      });
      assert.equal(runs, 1);
    });

    check("give up after their retries, with a clear error", async (store) => {
      let runs = 0;
      const contended = store.transaction(
        async (tx) => {
          await tx.get("hot");
          await store.put("hot", `${runs++}`);
          tx.put("never", "");
        },
        { retries: 3 },
      );
      await assert.rejects(contended, storeError("TRANSACTION_CONFLICT", "each of 4 times"));
      assert.equal(runs, 4);
      assert.equal(store.hasSync("never"), false);
    });

    check("end with a signal that aborts within the function", async (store) => {
      const reason = new Error("enough");
      for (const isAsync of [false, true]) {
        const controller = new AbortController();
        const run = store.transaction(
          (tx) => {
            tx.put("key", "value");
            controller.abort(reason);
            return isAsync ? new Promise<void>(() => {}) : undefined;
          },
          { signal: controller.signal },
        );
        await assert.rejects(run, (error) => error === reason);
      }
      assert.equal(store.countSync(), 0);
      assert.equal(store.metrics().openSnapshots, 0);
    });

    for (const count of [150, 1000]) {
      check(`${count} that increment one key at once all commit, in at most two runs each`, async (store) => {
        let runs = 0;
        const increment = () =>
          store.transaction(async (tx) => {
            runs += 1;
            tx.put("counter", `${Number(text(await tx.get("counter")) ?? 0) + 1}`);
          });
        await Promise.all(Array.from({ length: count }, increment));
        assert.equal(number(await store.get("counter")), count);
        assert.ok(runs <= 2 * count, `${runs} runs`);
      });
    }

    check("that increment two keys, read a range and wait all commit, in a few runs each", async (store) => {
      const count = 60;
      let runs = 0;
      const increment = (i: number) =>
        store.transaction(async (tx) => {
          runs += 1;
          const sum = [...tx.values({ prefix: "n/" })].reduce((total, value) => total + number(value), 0);
          await turn();
          for (const key of i % 2 === 0 ? ["n/a", "n/b"] : ["n/b", "n/a"]) {
            tx.put(key, `${Number(text(await tx.get(key)) ?? 0) + 1}`);
          }
          tx.put("sum", `${sum + 2}`);
        });
      await Promise.all(Array.from({ length: count }, (_, i) => increment(i)));
      assert.equal(number(await store.get("sum")), 2 * count);
      assert.ok(runs <= 4 * count, `${runs} runs`);
    });

    check("do not wait for others that conflict over another key", async (store) => {
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const contend = async (key: string, wait: (runs: number) => Promise<void> | undefined) => {
        let runs = 0;
        await store.transaction(async (tx) => {
          await tx.get(key);
          runs += 1;
          if (runs === 1) await store.put(key, "outside");
          await wait(runs);
          tx.put(key, "mine");
        });
      };
      const slow = contend("slow", (runs) => (runs === 2 ? held : undefined));
      await contend("quick", () => undefined);
      assert.equal(text(await store.get("quick")), "mine");
      release();
      await slow;
    });

    check("commit among many quicker ones: one that conflicts repeatedly runs alone", async (store) => {
      let isRunning = true;
      const quick = async () => {
        while (isRunning) {
          await store.transaction(async (tx) => {
            tx.put("hot", `${Number(text(await tx.get("hot")) ?? 0) + 1}`);
          });
          await turn();
        }
      };
      const stream = Promise.all([quick(), quick(), quick()]);
      let runs = 0;
      await store.transaction(async (tx) => {
        runs += 1;
        await tx.get("hot");
        for (let i = 0; i < 5; i++) await turn();
        tx.put("slow", "done");
      });
      isRunning = false;
      await stream;
      assert.ok(runs <= 5, `${runs} runs`);
    });

    check("end when they run within another one over the same key", async (store) => {
      await store.put("key", "0");
      let runs = 0;
      await store.transaction(async (outer) => {
        await outer.get("key");
        runs += 1;
        outer.put("other", "");
        // The second run has the turn of the key, which the inner transaction wants, too.
        if (runs === 1) await store.put("key", "outside");
        if (runs !== 2) return;
        // The inner transaction does not wait for a turn that waits for it.
        let inner = 0;
        await store.transaction(async (tx) => {
          await tx.get("key");
          inner += 1;
          if (inner < 4) await store.put("key", `${inner}`);
          tx.put("key", "inner");
        });
      });
      assert.equal(text(await store.get("key")), "inner");
    });

    check("end with their signal and with the store while they wait for their turn", async (store) => {
      const reason = new Error("enough");
      const controller = new AbortController();
      let isHolding = () => {};
      const holding = new Promise<void>((resolve) => {
        isHolding = resolve;
      });
      const conflicting = (then: () => unknown, signal?: AbortSignal) => {
        let runs = 0;
        return store.transaction(
          async (tx) => {
            await tx.get("key");
            runs += 1;
            if (runs > 1) await then();
            else await store.put("key", "outside");
            tx.put("key", "mine");
          },
          signal ? { signal } : {},
        );
      };
      const never = () => new Promise<void>(() => {});
      const holder = new AbortController();
      const first = conflicting(() => {
        isHolding();
        return never();
      }, holder.signal);
      await holding;
      const aborted = conflicting(() => assert.fail("ran"), controller.signal);
      const closed = conflicting(() => assert.fail("ran"));
      await turn();
      await turn();
      controller.abort(reason);
      await assert.rejects(aborted, (error) => error === reason);
      await Promise.all([assert.rejects(closed, storeError("STORE_CLOSED")), store.close()]);
      holder.abort(reason);
      await assert.rejects(first, (error) => error === reason);
    });

    check("refuse wrong arguments, and use after their end", async (store) => {
      const wrong = store.transaction as (...values: unknown[]) => Promise<unknown>;
      await assert.rejects(wrong.call(store, "no function"), misuse(TypeError, "expected a function"));
      await assert.rejects(
        wrong.call(store, () => {}, { retries: -1 }),
        misuse(RangeError, "'retries'"),
      );
      let kept: Transaction | undefined;
      await store.transaction((tx) => {
        kept = tx;
        assert.throws(() => tx.put("", "x"), misuse(RangeError, "empty key"));
      });
      assert.throws(() => kept?.getSync("key"), storeError("TRANSACTION_ENDED", "get"));
      await store.close();
      await assert.rejects(
        store.transaction(() => {}),
        storeError("STORE_CLOSED"),
      );
    });

    check("keep the sum of 1,000 accounts under 64 concurrent transfers", async (store) => {
      const account = (i: number) => `account/${String(i).padStart(4, "0")}`;
      await store.batch(Array.from({ length: 1000 }, (_, i) => ({ type: "put", key: account(i), value: "100" })));
      const sum = () => [...store.values({ prefix: "account/" })].reduce((total, value) => total + number(value), 0);
      const random = new Random(42);
      const worker = async () => {
        for (let i = 0; i < 40; i++) {
          const [from, to] = [account(random.below(1000)), account(random.below(1000))];
          const amount = 1 + random.below(50);
          await store.transaction(async (tx) => {
            const left = number(await tx.get(from)) - amount;
            if (left < 0 || from === to) return;
            await turn();
            tx.put(to, `${number(await tx.get(to)) + amount}`);
            tx.put(from, `${left}`);
          });
        }
      };
      const workers = Array.from({ length: 64 }, worker);
      let isRunning = true;
      const all = Promise.all(workers).finally(() => {
        isRunning = false;
      });
      while (isRunning) {
        assert.equal(sum(), 100_000);
        await turn();
      }
      await all;
      assert.equal(sum(), 100_000);
      assert.ok([...store.values({ prefix: "account/" })].every((value) => number(value) >= 0));
    });

    check("allow no write skew: two that read a range and write to different keys of it", async (store) => {
      await store.batch(["alice", "bob"].map((name) => ({ type: "put", key: `on call/${name}`, value: "yes" })));
      const leave = (name: string) =>
        store.transaction(async (tx) => {
          const others = await tx.count({ prefix: "on call/" });
          await turn();
          if (others > 1) tx.delete(`on call/${name}`);
        });
      await Promise.all([leave("alice"), leave("bob")]);
      assert.equal(await store.count({ prefix: "on call/" }), 1);
    });
  });
}

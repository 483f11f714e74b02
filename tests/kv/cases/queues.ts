/**
 * Queues.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Kv, KvKey } from "../../../src/adapters/kv/mod.ts";
import { type Cases, deferred, refuses } from "../subject.ts";

/** Calls `use` while `handler` listens. Closes the database afterwards. */
async function listening(kv: Kv, handler: Parameters<Kv["listenQueue"]>[0], use: () => Promise<void>) {
  const listener = kv.listenQueue(handler);
  try {
    await use();
  } finally {
    kv.close();
    await listener;
  }
}

/** Collects messages, and waits for a number of them. */
function collector(): { handler: (message: unknown) => void; wait: (count: number) => Promise<unknown[]> } {
  const messages: unknown[] = [];
  let wake: () => void = () => {};
  return {
    handler: (message) => {
      messages.push(message);
      wake();
    },
    wait: async (count) => {
      while (messages.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return messages;
    },
  };
}

/** Waits for the value of a key. Deno's own watches do not see undelivered messages. */
async function appears(kv: Kv, key: KvKey): Promise<unknown> {
  for (;;) {
    const { value, versionstamp } = await kv.get(key);
    if (versionstamp !== null) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Runs `use` without the messages that say which handlers failed. */
async function quietly(use: () => Promise<void>): Promise<void> {
  const { error } = console;
  console.error = () => {};
  try {
    await use();
  } finally {
    console.error = error;
  }
}

export const queueCases: Cases = {
  "a message is delivered": async (kv) => {
    const { handler, wait } = collector();
    await listening(kv, handler, async () => {
      const { ok, versionstamp } = await kv.enqueue("test");
      assert.equal(ok, true);
      assert.match(versionstamp, /^[0-9a-f]{20}$/);
      assert.deepEqual(await wait(1), ["test"]);
    });
  },

  "messages that were there before the listener are delivered": async (kv) => {
    for (const message of ["a", "b", "c"]) await kv.enqueue(message);
    const { handler, wait } = collector();
    await listening(kv, handler, async () => assert.deepEqual((await wait(3)).toSorted(), ["a", "b", "c"]));
  },

  "messages of all types": async (kv, { U64 }) => {
    const messages = [1, "text", null, undefined, 5n, true, new Date(1), Uint8Array.of(1, 2), [1], { a: new Set([1]) }];
    const { handler, wait } = collector();
    await listening(kv, handler, async () => {
      for (const [i, message] of messages.entries()) {
        await kv.enqueue(message);
        assert.deepEqual((await wait(i + 1))[i], message);
      }
    });
    assert.ok(U64);
  },

  "a message of an atomic operation comes with its writes, or not at all": async (kv) => {
    const { handler, wait } = collector();
    await listening(kv, handler, async () => {
      const failed = kv.atomic().check({ key: ["a"], versionstamp: "0".repeat(20) });
      assert.equal((await failed.enqueue("failed").commit()).ok, false);
      const done = kv
        .atomic()
        .check({ key: ["a"], versionstamp: null })
        .set(["a"], 1);
      assert.equal((await done.enqueue("one").enqueue("two").commit()).ok, true);
      assert.deepEqual((await wait(2)).toSorted(), ["one", "two"]);
      await kv.enqueue("last");
      assert.deepEqual((await wait(3)).at(-1), "last");
      assert.equal((await kv.get(["a"])).value, 1);
    });
  },

  "a delayed message comes later": async (kv) => {
    const { handler, wait } = collector();
    await listening(kv, handler, async () => {
      const start = Date.now();
      await kv.enqueue("later", { delay: 300 });
      await kv.atomic().enqueue("later, too", { delay: 300 }).commit();
      await kv.enqueue("now");
      assert.equal((await wait(1))[0], "now");
      assert.deepEqual((await wait(3)).toSorted(), ["later", "later, too", "now"]);
      assert.ok(Date.now() - start >= 300);
    });
  },

  "a message whose handler fails comes again": (kv) =>
    quietly(async () => {
      let calls = 0;
      const succeeded = deferred<number>();
      const handler = () => {
        calls += 1;
        if (calls < 3) throw new Error("not yet");
        succeeded.resolve(calls);
      };
      await listening(kv, handler, async () => {
        await kv.enqueue("test", { backoffSchedule: [1, 1, 1] });
        assert.equal(await succeeded.promise, 3);
      });
    }),

  "a message that no handler takes becomes a value": (kv) =>
    quietly(async () => {
      let calls = 0;
      const handler = async () => {
        calls += 1;
        await Promise.resolve();
        throw new TypeError("never");
      };
      await listening(kv, handler, async () => {
        const keysIfUndelivered = [
          ["dead", 1],
          ["dead", 2n],
        ];
        await kv.enqueue({ job: 7 }, { backoffSchedule: [1, 2], keysIfUndelivered });
        assert.deepEqual(await appears(kv, ["dead", 1]), { job: 7 });
        assert.deepEqual((await kv.get(["dead", 2n])).value, { job: 7 });
        assert.equal(calls, 3);
        await kv
          .atomic()
          .enqueue("text", { backoffSchedule: [], keysIfUndelivered: [["dead", 3]] })
          .commit();
        assert.deepEqual(await appears(kv, ["dead", 3]), "text");
        assert.equal(calls, 4);
      });
    }),

  "a handler may use the database": async (kv) => {
    const handler = async (n: number) => {
      await kv.set(["done", n], true);
      if (n < 3) await kv.enqueue(n + 1);
    };
    await listening(kv, handler, async () => {
      await kv.enqueue(1);
      assert.equal(await appears(kv, ["done", 3]), true);
    });
  },

  "messages do not wait for each other": async (kv) => {
    const [both, first] = [deferred<void>(), deferred<void>()];
    let calls = 0;
    const handler = async () => {
      calls += 1;
      if (calls === 2) both.resolve();
      else first.resolve();
      await both.promise;
    };
    await listening(kv, handler, async () => {
      await kv.enqueue("one");
      await first.promise;
      await kv.enqueue("two");
      await both.promise;
    });
    assert.equal(calls, 2);
  },

  "each message goes to one of several listeners": async (kv) => {
    const { handler, wait } = collector();
    const listeners = [kv.listenQueue(handler), kv.listenQueue(handler), kv.listenQueue(handler)];
    for (let i = 0; i < 6; i++) {
      await kv.enqueue(i);
      assert.deepEqual((await wait(i + 1)).length, i + 1);
    }
    kv.close();
    await Promise.all(listeners);
    assert.deepEqual(await wait(6), [0, 1, 2, 3, 4, 5]);
  },

  "close ends listeners": async (kv) => {
    const listener = kv.listenQueue(() => {});
    kv.close();
    await listener;
    await refuses(() => kv.listenQueue(() => {}), "Error", "Queue already closed");
    await refuses(() => kv.enqueue(1), "BadResource");
  },

  "wrong delays are refused": async (kv) => {
    const days = 30 * 24 * 60 * 60 * 1000;
    await kv.enqueue("test", { delay: days });
    await kv.enqueue("test", { delay: 1000.5, backoffSchedule: [0.5] });
    for (const delay of [-1, Number.NaN, days + 1, Number.POSITIVE_INFINITY]) {
      await refuses(() => kv.enqueue("test", { delay }), "TypeError");
      await refuses(() => kv.atomic().enqueue("test", { delay }).commit(), "TypeError");
    }
  },

  "wrong schedules are refused": async (kv) => {
    await kv.enqueue("test", { backoffSchedule: [1, 2, 3, 4, 3_600_000], delay: 100_000 });
    for (const backoffSchedule of [[1, 1, 1, 1, 1, 1], [-1], [3_600_001], [Number.NaN]]) {
      await refuses(() => kv.enqueue("test", { backoffSchedule }), "TypeError");
    }
  },
};

/**
 * Bounds and options with mistakes of a user.
 *
 * @module
 */

import { type Case, type Mistake, outcomeOf, within } from "./case.ts";

/** What `deleteRange` leaves of ten entries. */
function deleting(range: Mistake): Case {
  return {
    name: `options: deleteRange(${JSON.stringify(range) === "{}" ? "{ prefix: undefined }" : JSON.stringify(range)})`,
    wanted: "TypeError, 10 left",
    run: async (luge) => {
      const store = new luge.MemoryStore();
      for (let i = 0; i < 10; i++) await store.put(`key${i}`, "value");
      const outcome = await outcomeOf(() => store.deleteRange(range));
      return `${outcome}, ${await store.count()} left`;
    },
  };
}

/** The outcome of an unknown option. */
function unknown(name: string, call: (store: Mistake) => unknown): Case {
  return {
    name: `options: ${name}`,
    wanted: "TypeError",
    run: async (luge) => {
      const store = new luge.MemoryStore();
      await store.put("key", "value");
      return await within(
        2000,
        "hangs",
        outcomeOf(() => call(store)),
      );
    },
  };
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream as Mistake) {
    // Only the error matters.
  }
}

export const OPTIONS: readonly Case[] = [
  deleting({ prefix: null }),
  deleting({ gt: null }),
  deleting({ prefix: undefined }),
  {
    name: 'options: a walk with gt: ""',
    wanted: "from the start",
    run: async (luge) => {
      const store = new luge.MemoryStore();
      await store.put("key", "value");
      let found = 0;
      const outcome = await outcomeOf(async () => {
        for await (const _ of store.keys({ gt: "" })) found += 1;
      });
      return `${outcome}, ${found} of 1`;
    },
  },
  unknown("put with expireIn", (store) => store.put("key", "value", { expireIn: 60_000 })),
  unknown("backup with snce", (store) => drain(store.backup({ snce: 1 }))),
  unknown("entries with revers", async (store) => {
    for await (const _ of store.entries({ revers: true })) break;
  }),
  unknown("batch with a key ttlMs", (store) => store.batch([{ type: "put", key: "a", value: "b", ttlMs: 5 }])),
  unknown("watch with sinse", (store) => store.watch({}, { sinse: 0 })[Symbol.asyncIterator]().next()),
  {
    name: "options: open with syncWrite",
    wanted: "TypeError",
    run: async (luge, path) =>
      await outcomeOf(async () => (await luge.open({ path, loggingLevel: 3, syncWrite: false } as Mistake)).close()),
  },
];

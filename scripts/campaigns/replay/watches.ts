/**
 * Watches over commits of all sizes: how many of the changes they deliver.
 *
 * @module
 */

import type { Store } from "../../../mod.ts";
import { type Case, within } from "./case.ts";

/** Puts of some sizes in one batch, under separate keys. */
function puts(name: string, count: number, bytes: number) {
  return Array.from({ length: count }, (_, i) => ({
    type: "put" as const,
    key: `${name}/${i}`,
    value: new Uint8Array(bytes),
  }));
}

/** How many changes a watch from the start delivers. */
async function told(store: Store, expected: number): Promise<string> {
  let count = 0;
  const all = (async () => {
    for await (const _ of store.watch({}, { since: 0 })) if (++count === expected) return;
  })();
  await within(5000, undefined, all);
  return `${count} of ${expected}`;
}

export const WATCHES: readonly Case[] = [
  {
    name: "watch: batches of 1,000 and 2,000 and a put, in memory",
    wanted: "3001 of 3001",
    run: async (luge) => {
      const store = new luge.MemoryStore();
      await store.batch(puts("a", 1000, 5));
      await store.batch(puts("b", 2000, 5));
      await store.put("last", "value");
      return await told(store, 3001);
    },
  },
  {
    name: "watch: a value of 100 KB and a batch of three of 60 KB, on disk",
    wanted: "4 of 4",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3 });
      await store.put("first", new Uint8Array(100_000));
      await store.batch(puts("b", 3, 60_000));
      const result = await told(store, 4);
      await store.close();
      return result;
    },
  },
  {
    name: "watch: batches of 4,096, 5,000 and 4,096 after a compaction, on disk",
    wanted: "13192 of 13192",
    run: async (luge, path) => {
      const store = await luge.open({ path, numVersionsToKeep: 1000, loggingLevel: 3 });
      for (const [name, count] of [
        ["a", 4096],
        ["b", 5000],
        ["c", 4096],
      ] as const)
        await store.batch(puts(name, count, 5));
      await store.compact();
      const result = await told(store, 13_192);
      await store.close();
      return result;
    },
  },
];

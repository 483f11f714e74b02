/**
 * Work, memory and files that must stay bounded. Other work on the machine affects the times: compare two builds in one
 * run.
 *
 * @module
 */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Case, type Module, outcomeOf } from "./case.ts";

const MIB = 2 ** 20;
const keyOf = (i: number) => `key${String(i).padStart(9, "0")}`;

function sizeOf(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

async function msOf(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const inMib = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
const inMs = (ms: number) => `${ms < 10 ? ms.toFixed(3) : ms.toFixed(0)} ms`;

/** Puts that many entries into a store, without waiting for the disk. */
async function fill(store: InstanceType<Module["SledStore"]>, entries: number): Promise<void> {
  const value = new Uint8Array(100);
  for (let i = 0; i < entries; i += 1000) {
    await store.batch(Array.from({ length: 1000 }, (_, j) => ({ type: "put", key: keyOf(i + j), value })));
  }
}

export const BOUNDS: readonly Case[] = [
  {
    name: "bounds: 1,200 overwrites of 1 MiB, a kill, and an open",
    wanted: "at most 3 x 1 MiB + 256 MiB; versions in a moment",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3, syncWrites: false });
      for (let i = 0; i < 1200; i++) await store.put("key", new Uint8Array(MIB).fill(i));
      const size = sizeOf(path);
      const versions = await msOf(() => store.versionsSync("key"));
      await store.close();
      const opening = await msOf(async () => (await luge.open({ path, loggingLevel: 3 })).close());
      return `files ${inMib(size)}, versionsSync ${inMs(versions)}, opened and closed again in ${inMs(opening)}`;
    },
  },
  {
    name: "bounds: the first step of a walk over 100,000 entries",
    wanted: "some 20 µs",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3, syncWrites: false });
      await fill(store, 100_000);
      const step = async () => {
        for await (const _ of store.entries({ gte: keyOf(50_000) })) break;
      };
      for (let i = 0; i < 2000; i++) await step();
      const times: number[] = [];
      for (let i = 0; i < 500; i++) times.push(await msOf(step));
      await store.close();
      return `${((times.sort((a, b) => a - b)[250] ?? 0) * 1000).toFixed(0)} µs`;
    },
  },
  {
    name: "bounds: 4,000 puts in a transaction, each with a read of a range",
    wanted: "a fraction of a second",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3 });
      const ms = await msOf(() =>
        store.transaction(async (transaction) => {
          for (let i = 0; i < 4000; i++) {
            await transaction.put(keyOf(i), "value");
            for await (const _ of transaction.entries({ limit: 1 })) break;
          }
        }),
      );
      await store.close();
      return inMs(ms);
    },
  },
  {
    name: "bounds: a restore after a forgotten snapshot and a forgotten backup",
    wanted: "done",
    run: async (luge, path) => {
      const source = new luge.MemoryStore();
      await source.put("key", "value");
      const backup = await new Response(source.backup()).bytes();
      const store = await luge.open({ path, loggingLevel: 3 });
      await (async () => {
        await store.snapshot();
        await store.backup().getReader().read();
      })();
      const collect = (globalThis as { Bun?: { gc(force: boolean): void } }).Bun;
      let outcome = "";
      for (let round = 0; round < 40 && outcome !== "done"; round++) {
        collect?.gc(true);
        Array.from({ length: 200 }, () => new Uint8Array(MIB / 4));
        await new Promise((resolve) => setTimeout(resolve, 25));
        outcome = await outcomeOf(() => store.restore(new Blob([backup as Uint8Array<ArrayBuffer>]).stream()));
      }
      await store.close();
      return outcome;
    },
  },
  {
    name: "bounds: 300,000 expired values in a MemoryStore, and one put",
    wanted: "none of them is left",
    run: async (luge) => {
      const store = new luge.MemoryStore();
      for (let i = 0; i < 300_000; i++) store.putSync(keyOf(i), "value", { ttl: 1 });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await store.put("another", "value");
      await new Promise((resolve) => setTimeout(resolve, 500));
      const counting = await msOf(() => store.count());
      return `count takes ${inMs(counting)}`;
    },
  },
  {
    name: "bounds: count, and the first entry, over 100,000 deletions",
    wanted: "the second time without visiting them",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3, syncWrites: false });
      await fill(store, 200_000);
      for (let i = 0; i < 100_000; i += 1000) {
        await store.batch(Array.from({ length: 1000 }, (_, j) => ({ type: "delete", key: keyOf(i + j) })));
      }
      const first = () =>
        msOf(async () => {
          for await (const _ of store.keys({ limit: 1 })) break;
        });
      const times = [await msOf(() => store.count()), await first(), await first()];
      await store.close();
      return `count ${inMs(times[0] ?? 0)}, first ${inMs(times[1] ?? 0)}, again ${inMs(times[2] ?? 0)}`;
    },
  },
  {
    name: "bounds: puts beside 300 watches of other ranges",
    wanted: "as many as without",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3, syncWrites: false });
      const rate = async () => {
        const started = performance.now();
        let puts = 0;
        for (; performance.now() - started < 1000; puts += 64) {
          await Promise.all(Array.from({ length: 64 }, (_, i) => store.put(keyOf(puts + i), "value")));
        }
        return puts;
      };
      await rate();
      const without = await rate();
      const end = new AbortController();
      const watches = Array.from({ length: 300 }, async (_, i) => {
        for await (const _change of store.watch({ prefix: `other${i}/` }, { signal: end.signal }));
      });
      const beside = await rate();
      end.abort();
      await Promise.allSettled(watches);
      await store.close();
      return `${without} a second without, ${beside} beside them`;
    },
  },
];

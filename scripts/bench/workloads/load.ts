/**
 * Loads: puts that are not awaited one by one, or batches, and one flush at the end.
 *
 * @module
 */

import process from "node:process";
import { entriesOf } from "../data.ts";
import { directoryBytes } from "../disk.ts";
import { secondsOf, type Workload, withSubject } from "../workload.ts";

/** A store that commits each put takes half a minute for this many commits. */
const MANY_COMMITS = 500_000;

/** A load of entries in an order. */
export function load(order: "random" | "sorted", batch: number, entries: readonly [number, number]): Workload {
  return {
    name: `load-${order}-${batch}-${entries[0]}`,
    title: `load, ${order} order, ${batch === 1 ? "one by one" : `batches of ${batch}`}`,
    guarantee: "buffered",
    entries,
    manyCommits: batch === 1 && entries[0] > MANY_COMMITS,
    run: async (bench) => {
      const data = entriesOf(bench.entries, order, 100);
      const before = process.memoryUsage().rss;
      let rssMiB = 0;
      const seconds = await withSubject(bench, "buffered", async (subject) => {
        const taken = await secondsOf(async () => {
          await subject.load(data, batch);
          await subject.flush?.();
        });
        rssMiB = (process.memoryUsage().rss - before) / 2 ** 20;
        return taken;
      });
      const diskMiB = directoryBytes(bench.directory) / 2 ** 20;
      return { operations: bench.entries, seconds, figures: { rssMiB, diskMiB } };
    },
  };
}

/** Puts values of one size, and reads them again. */
export function valuesOfSize(bytes: number, count: number): Workload[] {
  const entries = [count, Math.ceil(count / 4)] as const;
  const size = bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`;
  return (["put", "get"] as const).map((direction) => ({
    name: `${direction}-${bytes}`,
    title: `${direction} values of ${size}`,
    guarantee: "buffered",
    entries,
    run: (bench) => {
      const data = entriesOf(bench.entries, "random", bytes);
      return withSubject(bench, "buffered", async (subject) => {
        const put = async () => {
          await subject.load(data, 1);
          await subject.flush?.();
        };
        if (direction === "put") return { operations: bench.entries, seconds: await secondsOf(put) };
        await put();
        const read = subject.getSync ?? subject.get;
        if (!read) return undefined;
        const seconds = await secondsOf(async () => {
          for (const key of data.keys) await read(key);
        });
        return { operations: bench.entries, seconds };
      });
    },
  }));
}

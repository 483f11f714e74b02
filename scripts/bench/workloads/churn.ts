/**
 * Deletes and puts entries again, and measures the disk space after that.
 *
 * @module
 */

import { entriesOf } from "../data.ts";
import { directoryBytes } from "../disk.ts";
import { type Bench, secondsOf, type Workload, withSubject } from "../workload.ts";
import { load } from "./load.ts";

const BATCH = 1000;
const MIB = 2 ** 20;

/** The disk space of the directory of a closed store. */
function diskMiB(bench: Bench): number {
  return directoryBytes(bench.directory) / MIB;
}

/** Compacts, if the store can. Returns how long that took. */
function compact(bench: Bench): Promise<number> {
  return withSubject(bench, "buffered", (subject) => secondsOf(() => subject.compact?.()));
}

/** Deletes everything and puts it again, three times, in batches. */
export const churn: Workload = {
  name: "churn",
  title: "delete and put again, batches of 1000",
  guarantee: "buffered",
  kinds: ["store"],
  entries: [100_000, 20_000],
  async run(bench) {
    const data = entriesOf(bench.entries, "random", 100);
    await withSubject(bench, "buffered", (subject) => subject.load(data, BATCH));
    const loadedMiB = diskMiB(bench);
    const rounds = 3;
    const seconds = await withSubject(bench, "buffered", ({ remove, load, flush }) =>
      secondsOf(async () => {
        for (let round = 0; round < rounds; round++) {
          await remove?.(data.keys, BATCH);
          await load(data, BATCH);
        }
        await flush?.();
      }),
    );
    const churnedMiB = diskMiB(bench);
    await compact(bench);
    const figures = { loadedMiB, churnedMiB, compactedMiB: diskMiB(bench) };
    return { operations: 2 * rounds * bench.entries, seconds, figures };
  },
};

/** The largest load, and its disk space after a compaction. */
export const hugeLoad: Workload = {
  name: "load-huge",
  title: "load, random order, batches of 1000",
  guarantee: "buffered",
  peers: ["luge", "classic-level", "classic-level, 104 MiB"],
  entries: [10_000_000, 200_000],
  isLong: true,
  async run(bench) {
    const outcome = await load("random", BATCH, [bench.entries, bench.entries]).run(bench);
    if (!outcome) return undefined;
    await compact(bench);
    return { ...outcome, figures: { ...outcome.figures, compactedMiB: diskMiB(bench) } };
  },
};

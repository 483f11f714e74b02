/**
 * Entries deleted and put again, and what is on the disk after that.
 *
 * @module
 */

import { entriesOf } from "../data.ts";
import { directoryBytes } from "../disk.ts";
import { secondsOf, type Workload, withSubject } from "../workload.ts";

const BATCH = 1000;
const MIB = 2 ** 20;

/** Deletes everything and puts it again, three times, in batches. */
export const churn: Workload = {
  name: "churn",
  title: "delete and put again, batches of 1000",
  guarantee: "buffered",
  kinds: ["store"],
  entries: [100_000, 20_000],
  run: (bench) =>
    withSubject(bench, "buffered", async (subject) => {
      const { remove } = subject;
      if (!remove) return undefined;
      const data = entriesOf(bench.entries, "random", 100);
      await subject.load(data, BATCH);
      await subject.flush?.();
      const loaded = directoryBytes(bench.directory);
      const rounds = 3;
      const seconds = await secondsOf(async () => {
        for (let round = 0; round < rounds; round++) {
          await remove(data.keys, BATCH);
          await subject.load(data, BATCH);
        }
        await subject.flush?.();
      });
      const churned = directoryBytes(bench.directory);
      await subject.compact?.();
      const figures = {
        loadedMiB: loaded / MIB,
        churnedMiB: churned / MIB,
        compactedMiB: directoryBytes(bench.directory) / MIB,
      };
      return { operations: 2 * rounds * bench.entries, seconds, figures };
    }),
};

/** A load of random entries that is compacted: what the disk holds in the end. */
export const space: Workload = {
  name: "space",
  title: "disk after a load in random order, and after compaction",
  guarantee: "buffered",
  kinds: ["store"],
  entries: [1_000_000, 100_000],
  run: (bench) =>
    withSubject(bench, "buffered", async (subject) => {
      await subject.load(entriesOf(bench.entries, "random", 100), BATCH);
      await subject.flush?.();
      const loaded = directoryBytes(bench.directory);
      const seconds = await secondsOf(() => subject.compact?.());
      const figures = { loadedMiB: loaded / MIB, compactedMiB: directoryBytes(bench.directory) / MIB };
      return { operations: bench.entries, seconds, figures };
    }),
};

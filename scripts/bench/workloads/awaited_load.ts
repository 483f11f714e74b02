/**
 * A load that awaits every batch. Measures how long the writes and the background work after them block the event loop.
 *
 * @module
 */

import { slices } from "../contract.ts";
import { entriesOf } from "../data.ts";
import { withLoopDelay } from "../loop_delay.ts";
import { secondsOf, type Workload, withSubject } from "../workload.ts";

const BATCH = 1000;

/** Large enough for many merges into both levels. Stores that take minutes for it are left out. */
export const awaitedLoad: Workload = {
  name: "load-awaited",
  title: "load, random order, batches of 1000, each awaited",
  guarantee: "buffered",
  peers: ["luge", "classic-level"],
  entries: [4_000_000, 200_000],
  isLong: true,
  run: (bench) => {
    const data = entriesOf(bench.entries, "random", 100);
    return withSubject(bench, "buffered", async (subject) => {
      let figures = {};
      const seconds = await secondsOf(async () => {
        figures = await withLoopDelay(async () => {
          for (const part of slices(data, BATCH)) await subject.load(part, BATCH);
          await subject.flush?.();
        });
      });
      return { operations: bench.entries, seconds, figures };
    });
  },
};

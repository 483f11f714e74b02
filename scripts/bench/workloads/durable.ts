/**
 * Puts of which each survives a power cut before it counts.
 *
 * @module
 */

import { setImmediate as turn } from "node:timers/promises";
import { keyOf, shuffled, valuesOf } from "../data.ts";
import { withLoopDelay } from "../loop_delay.ts";
import { secondsOf, type Workload, withSubject } from "../workload.ts";

const WRITERS = 64;

/** One put after another, the caller blocked. */
export const durableSync: Workload = {
  name: "durable-1-sync",
  title: "durable put, one at a time, blocking",
  guarantee: "durable",
  entries: [4000, 1000],
  run: (bench) =>
    withSubject(bench, "durable", async (subject) => {
      const put = subject.putSync;
      if (!put) return undefined;
      const keys = Array.from(shuffled(bench.entries, 3), keyOf);
      const values = valuesOf(100);
      const seconds = await secondsOf(() => {
        for (const [i, key] of keys.entries()) put(key, values[i % values.length] as Uint8Array);
      });
      return { operations: bench.entries, seconds };
    }),
};

/** One put after another, each awaited. */
export const durableAwaited: Workload = {
  name: "durable-1",
  title: "durable put, one at a time, awaited",
  guarantee: "durable",
  entries: [4000, 1000],
  run: (bench) =>
    withSubject(bench, "durable", async (subject) => {
      const put = subject.put;
      if (!put) return undefined;
      const keys = Array.from(shuffled(bench.entries, 3), keyOf);
      const values = valuesOf(100);
      const seconds = await secondsOf(async () => {
        for (const [i, key] of keys.entries()) await put(key, values[i % values.length] as Uint8Array);
      });
      return { operations: bench.entries, seconds };
    }),
};

/** 64 writers, as the requests of a server: one that blocks lets others have their turn after each put. */
export const durableMany: Workload = {
  name: `durable-${WRITERS}`,
  title: `durable puts, ${WRITERS} in flight`,
  guarantee: "durable",
  entries: [200_000, 40_000],
  run: (bench) =>
    withSubject(bench, "durable", async (subject) => {
      const { put, putSync } = subject;
      const blocking =
        putSync &&
        (async (key: string, value: Uint8Array) => {
          putSync(key, value);
          await turn();
        });
      const write = put ?? blocking;
      if (!write) return undefined;
      // What commits one by one would take minutes for as many.
      const puts = put ? bench.entries : Math.ceil(bench.entries / 20);
      const keys = Array.from(shuffled(puts, 3), keyOf);
      const values = valuesOf(100);
      let next = 0;
      const writer = async () => {
        for (let i = next++; i < puts; i = next++)
          await write(keys[i] as string, values[i % values.length] as Uint8Array);
      };
      let figures = {};
      const seconds = await secondsOf(async () => {
        figures = await withLoopDelay(async () => {
          await Promise.all(Array.from({ length: WRITERS }, writer));
        });
      });
      return { operations: puts, seconds, figures };
    }),
};

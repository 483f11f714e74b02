/**
 * Puts that count only once they survive a power cut.
 *
 * @module
 */

import { setImmediate as turn } from "node:timers/promises";
import type { Subject } from "../contract.ts";
import { countAwaited, countSync } from "../counting.ts";
import { keysOf, shuffled, valuesOf } from "../data.ts";
import { withLoopDelay } from "../loop_delay.ts";
import { type Bench, type Outcome, secondsOf, type Workload, withSubject } from "../workload.ts";

const WRITERS = 64;
/** More keys than a store can put during a trial. */
const KEYS = 500_000;
const QUICK_KEYS = 100_000;
/** Puts before the measurement starts. They create the store's files, and the runtime compiles the code. */
const WARM_UP = 64;

/** Puts a new key with each call. */
type Put = (i: number) => unknown;

function workload(
  name: string,
  title: string,
  run: (bench: Bench, subject: Subject) => Promise<Outcome | undefined>,
): Workload {
  return {
    name,
    title,
    guarantee: "durable",
    entries: [KEYS, QUICK_KEYS],
    run: (bench) => withSubject(bench, "durable", (subject) => run(bench, subject)),
  };
}

/** Puts of keys in random order. */
function puts({ entries }: Bench, put: (key: string, value: Uint8Array) => unknown): Put {
  const keys = keysOf(shuffled(entries, 3));
  const values = valuesOf(100);
  return (i) => put(keys[i % keys.length] as string, values[i % values.length] as Uint8Array);
}

/** One put after another. Each blocks the caller. */
export const durableSync: Workload = workload(
  "durable-1-sync",
  "durable put, one at a time, blocking",
  async (bench, { putSync }) => {
    if (!putSync) return undefined;
    const put = puts(bench, putSync);
    for (let i = 0; i < WARM_UP; i++) put(i);
    return countSync(bench.seconds, bench.entries, (i) => put(WARM_UP + i));
  },
);

/** One put after another, each awaited. */
export const durableAwaited: Workload = workload(
  "durable-1",
  "durable put, one at a time, awaited",
  async (bench, subject) => {
    if (!subject.put) return undefined;
    const put = puts(bench, subject.put);
    for (let i = 0; i < WARM_UP; i++) await put(i);
    return countAwaited(bench.seconds, bench.entries, (i) => put(WARM_UP + i));
  },
);

/**
 * 64 writers, like the concurrent requests of a server. A store that blocks serves them one after the other. The event
 * loop turns after all 64 puts, as it does after the callbacks of 64 sockets.
 */
export const durableMany: Workload = workload(
  `durable-${WRITERS}`,
  `durable puts, ${WRITERS} in flight`,
  async (bench, subject) => {
    const { putSync } = subject;
    const blocking =
      putSync &&
      (async (key: string, value: Uint8Array) => {
        putSync(key, value);
        await turn();
      });
    const write = subject.put ?? blocking;
    if (!write) return undefined;
    const put = puts(bench, write);
    await Promise.all(Array.from({ length: WRITERS }, (_, i) => put(i)));
    let operations = 0;
    const run = async () => {
      const end = performance.now() + bench.seconds * 1000;
      const writer = async () => {
        while (performance.now() < end) await put(WRITERS + operations++);
      };
      await Promise.all(Array.from({ length: WRITERS }, writer));
    };
    let figures = {};
    const seconds = await secondsOf(async () => {
      figures = await withLoopDelay(run);
    });
    return { operations, seconds, figures };
  },
);

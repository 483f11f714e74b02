/**
 * Iterators that stop at their first entry, such as for the next job of a queue, or the smallest key after another.
 *
 * @module
 */

import { countAwaited } from "../counting.ts";
import { keysOf, shuffled } from "../data.ts";
import { type Workload, withSubject } from "../workload.ts";

const PEERS = ["luge", "lmdb-js", "classic-level"];
/** More iterators than a store can start during a trial. */
const WALKS = 1_000_000;
/** Iterators before the measurement starts: the code is then compiled, and the blocks are cached. */
const WARM_UP = 20_000;

/** For stores with this many entries. Each iterator starts at another key. */
export function firstEntry(entries: readonly [number, number]): Workload {
  return {
    name: `first-${entries[0]}`,
    title: "first entry of a walk from a key",
    guarantee: "buffered",
    reads: true,
    peers: PEERS,
    entries,
    run: (bench) =>
      withSubject(bench, "buffered", async ({ first }) => {
        if (!first) return undefined;
        const keys = keysOf(shuffled(bench.entries, 17).subarray(0, WALKS));
        const read = (i: number) => first(keys[i % keys.length] as string);
        for (let i = 0; i < WARM_UP; i++) expectEntry(await read(i));
        return countAwaited(bench.seconds, Number.POSITIVE_INFINITY, (i) => {
          const found = read(WARM_UP + i);
          return found instanceof Promise ? found.then(expectEntry) : expectEntry(found);
        });
      }),
  };
}

function expectEntry(bytes: number): void {
  if (bytes !== 112) throw new Error(`A walk begins with an entry of 112 bytes, and one of ${bytes} was read`);
}

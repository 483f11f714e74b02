/**
 * Walks that are left at their first entry: the next job of a queue, the smallest key from another one on.
 *
 * @module
 */

import { countAwaited } from "../counting.ts";
import { keysOf, shuffled } from "../data.ts";
import { type Workload, withSubject } from "../workload.ts";

const PEERS = ["luge", "lmdb-js", "classic-level"];
/** More walks than a store begins in the time of a trial. */
const WALKS = 1_000_000;
/** So many walks are begun before the time is taken: they are compiled, and their blocks cached. */
const WARM_UP = 20_000;

/** Of a store with so many entries; each walk begins at another key. */
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

/**
 * JSON documents, with and without compression: how fast they are written and read, and how much disk they take.
 *
 * @module
 */

import { countAwaited, countSync } from "../counting.ts";
import { documentEntries, keysOf, shuffled } from "../data.ts";
import { directoryBytes } from "../disk.ts";
import { type Bench, secondsOf, type Workload, withSubject } from "../workload.ts";

const BATCH = 1000;
const ENTRIES = [200_000, 20_000] as const;
const PEERS = ["luge", "luge, lz4", "lmdb-js", "lmdb-js, lz4", "classic-level", "classic-level, snappy"];

const COMMON = { guarantee: "buffered", peers: PEERS, runtimes: ["node"], entries: ENTRIES } as const;

/** Loads the documents and compacts the store. Returns how many seconds the load took. */
async function loadDocuments(bench: Bench): Promise<number> {
  const data = documentEntries(bench.entries);
  return await withSubject(bench, "buffered", async (subject) => {
    const seconds = await secondsOf(async () => {
      await subject.load(data, BATCH);
      await subject.flush?.();
    });
    await subject.compact?.();
    return seconds;
  });
}

const load: Workload = {
  ...COMMON,
  name: "documents-load",
  title: "load of JSON documents of 400 bytes, random order, batches of 1000",
  async run(bench) {
    const seconds = await loadDocuments(bench);
    return { operations: bench.entries, seconds, figures: { compactedMiB: directoryBytes(bench.directory) / 2 ** 20 } };
  },
};

const get: Workload = {
  ...COMMON,
  name: "documents-get",
  title: "get of these documents, each once",
  async run(bench) {
    await loadDocuments(bench);
    const keys = keysOf(shuffled(bench.entries, 7));
    return await withSubject(bench, "buffered", ({ getSync, get }) => {
      if (getSync) return countSync(bench.seconds, keys.length, (i) => getSync(keys[i] as string));
      return get && countAwaited(bench.seconds, keys.length, (i) => get(keys[i] as string));
    });
  },
};

const scan: Workload = {
  ...COMMON,
  name: "documents-scan",
  title: "scan of these documents",
  async run(bench) {
    await loadDocuments(bench);
    return await withSubject(bench, "buffered", async ({ scan }) => {
      if (!scan) return undefined;
      return { operations: bench.entries, seconds: await secondsOf(() => scan("")) };
    });
  },
};

/** All workloads with documents. */
export const documents: readonly Workload[] = [load, get, scan];

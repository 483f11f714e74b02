/**
 * Reads of data that another process loaded before.
 *
 * @module
 */

import { randomNumbers } from "../../lib/random.ts";
import { type Subject, slicesOf } from "../contract.ts";
import { countAwaited, countSync } from "../counting.ts";
import { entriesOf, keyOf, keysOf, shuffled } from "../data.ts";
import { type Bench, type Outcome, secondsOf, type Workload, withSubject } from "../workload.ts";

/** Few enough to fit into any cache. */
const HOT_KEYS = 1000;
/** The warm-up as a share of the measured time. It makes the same calls, because engines compile frequent calls. */
const WARM_UP = 0.3;
/** More keys than a store can read during a trial. No key is read twice. */
const DISTINCT_KEYS = 1_000_000;
const MANY = 100;
const PREFIX_SCANS = 20_000;
const PREFIX_ENTRIES = 100;

type Reading = (subject: Subject, bench: Bench) => Promise<Outcome | undefined>;

function reading(name: string, title: string, entries: readonly [number, number], read: Reading): Workload {
  return {
    name: `${name}-${entries[0]}`,
    title,
    guarantee: "buffered",
    reads: true,
    kinds: ["store", "memory"],
    entries,
    run: (bench) =>
      withSubject(bench, "buffered", async (subject) => {
        if (bench.peer.kind === "memory") await fill(subject, bench.entries);
        return read(subject, bench);
      }),
  };
}

async function fill(subject: Subject, entries: number): Promise<void> {
  await subject.load(entriesOf(entries, "random", 100), 1000);
  await subject.flush?.();
}

/** Loads the data of the workloads that read. */
export function prepareReads(bench: Bench): Promise<void> {
  return withSubject(bench, "buffered", (subject) => fill(subject, bench.entries));
}

function found(value: Uint8Array | undefined | null): void {
  if (value?.length !== 100) throw new Error(`A value of 100 bytes was put, and ${value?.length} were read`);
}

function hotKeys(entries: number): string[] {
  return keysOf(shuffled(entries, 5).subarray(0, HOT_KEYS));
}

function distinctKeys(entries: number, seed: number): string[] {
  return keysOf(shuffled(entries, seed).subarray(0, DISTINCT_KEYS));
}

async function hotSync({ getSync }: Subject, { entries, seconds }: Bench): Promise<Outcome | undefined> {
  if (!getSync) return undefined;
  const keys = hotKeys(entries);
  const read = (i: number) => found(getSync(keys[i % keys.length] as string));
  countSync(seconds * WARM_UP, Number.POSITIVE_INFINITY, read);
  return countSync(seconds, Number.POSITIVE_INFINITY, read);
}

async function hotAwaited({ get }: Subject, { entries, seconds }: Bench): Promise<Outcome | undefined> {
  if (!get) return undefined;
  const keys = hotKeys(entries);
  const read = async (i: number) => found(await get(keys[i % keys.length] as string));
  await countAwaited(seconds * WARM_UP, Number.POSITIVE_INFINITY, read);
  return countAwaited(seconds, Number.POSITIVE_INFINITY, read);
}

/** Reads every key once, to fill the caches. */
async function fillCaches({ getSync, get }: Subject, { entries }: Bench): Promise<void> {
  const keys = keysOf(shuffled(entries, 21));
  if (getSync) for (const key of keys) found(getSync(key));
  else if (get) for (const key of keys) found(await get(key));
}

async function eachOnce(subject: Subject, bench: Bench): Promise<Outcome | undefined> {
  const { getSync } = subject;
  if (!getSync) return undefined;
  const { entries, seconds } = bench;
  const keys = distinctKeys(entries, 9);
  await fillCaches(subject, bench);
  return countSync(seconds, keys.length, (i) => found(getSync(keys[i] as string)));
}

async function eachOnceAwaited(subject: Subject, bench: Bench): Promise<Outcome | undefined> {
  const { get } = subject;
  if (!get) return undefined;
  const { entries, seconds } = bench;
  const keys = distinctKeys(entries, 9);
  await fillCaches(subject, bench);
  return countAwaited(seconds, keys.length, async (i) => found(await get(keys[i] as string)));
}

async function many(subject: Subject, bench: Bench): Promise<Outcome | undefined> {
  const { getMany } = subject;
  if (!getMany) return undefined;
  const { entries, seconds } = bench;
  await fillCaches(subject, bench);
  const parts = [...slicesOf(distinctKeys(entries, 11), MANY)];
  const outcome = await countAwaited(seconds, parts.length, (i) => getMany(parts[i] as string[]));
  return { ...outcome, operations: outcome.operations * MANY };
}

async function everything({ scan }: Subject, { entries }: Bench): Promise<Outcome | undefined> {
  if (!scan) return undefined;
  // Warm up, as before all reads: the first scan compiles the loop and faults in the mapped files of a store.
  let bytes = await scan("");
  const seconds = await secondsOf(async () => {
    bytes = await scan("");
  });
  // 12 bytes of key and 100 of value. One store has one more entry, which marks its flush.
  if (bytes < entries * 112 || bytes > entries * 112 + 112)
    throw new Error(`The scan read ${bytes} bytes of ${entries} entries`);
  return { operations: entries, seconds };
}

async function prefixes({ scan }: Subject, { entries, seconds }: Bench): Promise<Outcome | undefined> {
  if (!scan) return undefined;
  const random = randomNumbers(13);
  const wanted = Array.from({ length: PREFIX_SCANS }, () =>
    keyOf(Math.floor((random() * entries) / PREFIX_ENTRIES) * PREFIX_ENTRIES).slice(0, -2),
  );
  const read = async (i: number) => {
    const bytes = await scan(wanted[i] as string);
    if (bytes !== PREFIX_ENTRIES * 112) throw new Error(`${bytes} bytes begin with ${wanted[i]}`);
  };
  const outcome = await countAwaited(seconds, wanted.length, read);
  return { ...outcome, operations: outcome.operations * PREFIX_ENTRIES };
}

/** All read workloads, for stores with this many entries. */
export function reads(entries: readonly [number, number]): Workload[] {
  return [
    reading("get-hot-sync", "get of 1,000 hot keys", entries, hotSync),
    reading("get-hot", "get of 1,000 hot keys, awaited", entries, hotAwaited),
    reading("get-sync", "get of each key once, random order", entries, eachOnce),
    reading("get", "get of each key once, random order, awaited", entries, eachOnceAwaited),
    reading("get-many", "getMany of 100 keys", entries, many),
    reading("scan", "scan of everything", entries, everything),
    reading("scan-prefix", "scans of 100 entries by prefix", entries, prefixes),
  ];
}

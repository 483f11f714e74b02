/**
 * Reads of what was loaded before, by a process whose caches are cold.
 *
 * @module
 */

import type { Subject } from "../contract.ts";
import { entriesOf, keyOf, randomNumbers, shuffled } from "../data.ts";
import { type Bench, type Outcome, secondsOf, type Workload, withSubject } from "../workload.ts";

/** As few as caches hold with ease. */
const HOT_KEYS = 1000;
const HOT_READS = 500_000;
const MANY = 100;
const PREFIX_SCANS = 2000;
const PREFIX_ENTRIES = 100;

type Reading = (subject: Subject, entries: number) => Promise<Outcome | undefined>;

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
        return read(subject, bench.entries);
      }),
  };
}

async function fill(subject: Subject, entries: number): Promise<void> {
  await subject.load(entriesOf(entries, "random", 100), 1000);
  await subject.flush?.();
}

/** Loads what reading workloads read. */
export function prepareReads(bench: Bench): Promise<void> {
  return withSubject(bench, "buffered", (subject) => fill(subject, bench.entries));
}

function found(value: Uint8Array | undefined | null): void {
  if (value?.length !== 100) throw new Error(`A value of 100 bytes was put, and ${value?.length} were read`);
}

function hotKeys(entries: number): string[] {
  return Array.from(shuffled(entries, 5).subarray(0, HOT_KEYS), keyOf);
}

async function hotSync(subject: Subject, entries: number): Promise<Outcome | undefined> {
  const get = subject.getSync;
  if (!get) return undefined;
  const keys = hotKeys(entries);
  for (const key of keys) found(get(key));
  const seconds = await secondsOf(() => {
    for (let i = 0; i < HOT_READS; i++) found(get(keys[i % HOT_KEYS] as string));
  });
  return { operations: HOT_READS, seconds };
}

async function hotAwaited(subject: Subject, entries: number): Promise<Outcome | undefined> {
  const get = subject.get;
  if (!get) return undefined;
  const keys = hotKeys(entries);
  for (const key of keys) found(await get(key));
  const operations = HOT_READS / 5;
  const seconds = await secondsOf(async () => {
    for (let i = 0; i < operations; i++) found(await get(keys[i % HOT_KEYS] as string));
  });
  return { operations, seconds };
}

async function eachOnce(subject: Subject, entries: number): Promise<Outcome | undefined> {
  const get = subject.getSync;
  if (!get) return undefined;
  const keys = Array.from(shuffled(entries, 9), keyOf);
  const seconds = await secondsOf(() => {
    for (const key of keys) found(get(key));
  });
  return { operations: entries, seconds };
}

async function eachOnceAwaited(subject: Subject, entries: number): Promise<Outcome | undefined> {
  const get = subject.get;
  if (!get) return undefined;
  const keys = Array.from(shuffled(entries, 9).subarray(0, 100_000), keyOf);
  const seconds = await secondsOf(async () => {
    for (const key of keys) found(await get(key));
  });
  return { operations: keys.length, seconds };
}

async function many(subject: Subject, entries: number): Promise<Outcome | undefined> {
  const getMany = subject.getMany;
  if (!getMany) return undefined;
  const keys = Array.from(shuffled(entries, 11).subarray(0, 100_000), keyOf);
  const seconds = await secondsOf(async () => {
    for (let i = 0; i < keys.length; i += MANY) await getMany(keys.slice(i, i + MANY));
  });
  return { operations: keys.length, seconds };
}

async function everything(subject: Subject, entries: number): Promise<Outcome | undefined> {
  const scan = subject.scan;
  if (!scan) return undefined;
  let bytes = 0;
  const seconds = await secondsOf(async () => {
    bytes = await scan("");
  });
  // 12 bytes of key and 100 of value; one store keeps an entry more, which marks its flush.
  if (bytes < entries * 112 || bytes > entries * 112 + 112)
    throw new Error(`The scan read ${bytes} bytes of ${entries} entries`);
  return { operations: entries, seconds };
}

async function prefixes(subject: Subject, entries: number): Promise<Outcome | undefined> {
  const scan = subject.scan;
  if (!scan) return undefined;
  const random = randomNumbers(13);
  const wanted = Array.from({ length: PREFIX_SCANS }, () =>
    keyOf(Math.floor((random() * entries) / PREFIX_ENTRIES) * PREFIX_ENTRIES).slice(0, -2),
  );
  const seconds = await secondsOf(async () => {
    for (const prefix of wanted) {
      const bytes = await scan(prefix);
      if (bytes !== PREFIX_ENTRIES * 112) throw new Error(`${bytes} bytes begin with ${prefix}`);
    }
  });
  return { operations: PREFIX_SCANS * PREFIX_ENTRIES, seconds };
}

/** All reads of a store of a size. */
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

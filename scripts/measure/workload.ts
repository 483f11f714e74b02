/**
 * Measures the basic operations on this runtime, and prints operations per second as JSON. `operations.ts` runs it.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { open, type SledStore } from "../../mod.ts";

const ENTRIES = Number(process.argv[2]);
const DURABLE_PUTS = Number(process.argv[3]);
const VALUE = new Uint8Array(100).map((_, i) => i);

/** Keys of 12 bytes in an order that looks random. 7,919 is prime, so every number below `ENTRIES` comes once. */
const key = (i: number) => `key${String((i * 7919) % ENTRIES).padStart(9, "0")}`;

/** Operations per second. Reduces the influence of the garbage collector as far as possible. */
async function rate(operations: number, run: () => unknown): Promise<number> {
  const started = performance.now();
  await run();
  return Math.round((operations / (performance.now() - started)) * 1000);
}

async function putAll(store: SledStore): Promise<void> {
  for (let i = 0; i < ENTRIES; i++) store.put(key(i), VALUE);
  await store.flush();
}

function getAll(store: SledStore): void {
  for (let i = 0; i < ENTRIES; i++) {
    if (store.getSync(key(i))?.length !== VALUE.length) throw new Error(`wrong value for ${key(i)}`);
  }
}

async function putDurably(store: SledStore): Promise<void> {
  // New keys, because sled writes nothing for a value that it has already.
  for (let i = 0; i < DURABLE_PUTS; i++) await store.put(`new${key(i)}`, VALUE);
}

async function scanAll(store: SledStore): Promise<void> {
  if ((await store.scan("key")).size !== ENTRIES) throw new Error("the scan is not complete");
}

const directory = mkdtempSync(join(tmpdir(), "luge-measure-"));
try {
  await using store = await open(directory);
  const puts = await rate(ENTRIES, () => putAll(store));
  const gets = await rate(ENTRIES, () => getAll(store));
  const scanned = await rate(ENTRIES, () => scanAll(store));
  const durablePuts = await rate(DURABLE_PUTS, () => putDurably(store));
  console.log(JSON.stringify({ puts, gets, scanned, durablePuts }));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

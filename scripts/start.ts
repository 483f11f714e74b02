/**
 * `npm start` shows luge's main job on real data. It loads the cities of the world durably, and reads them back after a
 * reopen. Then it kills a process that writes, and shows that no acknowledged write is lost.
 *
 * @module
 */

import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { format } from "@std/fmt/bytes";
import { Presets, SingleBar } from "cli-progress";
import { open, type Store } from "../mod.ts";
import { describeProgram, readOptions } from "./lib/options.ts";
import { type Entry, readCities } from "./start/cities.ts";
import { killWriter } from "./start/crash.ts";

describeProgram(
  "scripts/start.ts",
  "Loads the cities of the world durably, reads them back, and kills a process that writes.",
);
readOptions({});
const DIRECTORY = join(import.meta.dirname, "..", "data", "start");
/** How many puts wait for the disk together. */
const IN_FLIGHT = 1000;
const ACKNOWLEDGED = 1000;

const decoder = new TextDecoder();
const count = (n: number) => n.toLocaleString("en");

/** Runs one step, and prints what it did and how long it took. */
async function step<T>(name: string, run: () => Promise<T>, tell: (result: T, seconds: number) => string): Promise<T> {
  const started = performance.now();
  const result = await run();
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name.padEnd(24)} ${`${seconds.toFixed(2)} s`.padStart(8)}  ${tell(result, seconds)}`);
  return result;
}

async function load(store: Store, cities: readonly Entry[]): Promise<void> {
  const bar = new SingleBar({ format: "loading {bar} {value}/{total} cities, {eta} s left" }, Presets.shades_classic);
  bar.start(cities.length, 0);
  for (let i = 0; i < cities.length; i += IN_FLIGHT) {
    await Promise.all(cities.slice(i, i + IN_FLIGHT).map(({ key, value }) => store.put(key, value)));
    bar.update(Math.min(i + IN_FLIGHT, cities.length));
  }
  bar.stop();
}

async function readAll(store: Store, cities: readonly Entry[]): Promise<number> {
  for (const { key, value } of cities) {
    const found = await store.get(key);
    if (!found || decoder.decode(found) !== value) throw new Error(`Wrong value for '${key}'`);
  }
  return cities.length;
}

async function countWritten(store: Store): Promise<number> {
  const written = await store.scan("written/");
  for (let i = 0; i < written.size; i++) {
    if (!written.has(`written/${i}`)) throw new Error(`'written/${i}' is lost`);
  }
  return written.size;
}

function sizeOf(directory: string): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

const sizeText = (bytes: number) => format(bytes, { locale: "en", minimumFractionDigits: 1, maximumFractionDigits: 1 });

async function main(): Promise<void> {
  rmSync(DIRECTORY, { recursive: true, force: true });
  const cities = await step(
    "read the data set",
    async () => readCities(),
    ({ length }) => `${count(length)} cities`,
  );
  const dataSize = cities.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);

  let store = await step(
    "open an empty store",
    () => open(DIRECTORY),
    () => "data/start",
  );
  await step(
    "put all, durably",
    () => load(store, cities),
    (_, seconds) => `${count(Math.round(cities.length / seconds))} a second`,
  );
  await step(
    "close",
    () => store.close(),
    () => `${sizeText(dataSize)} of keys and values in ${sizeText(sizeOf(DIRECTORY))} on disk`,
  );
  store = await step(
    "open again",
    () => open(DIRECTORY),
    () => "everything recovered",
  );
  await step(
    "get all, and compare",
    () => readAll(store, cities),
    (n, seconds) => `${count(Math.round(n / seconds))} a second`,
  );
  await step(
    "scan 'city/IS/'",
    () => store.scan("city/IS/"),
    ({ size }) => `${count(size)} cities in Iceland`,
  );
  await store.close();

  const acknowledged = await step(
    "kill -9 a writer",
    () => killWriter(DIRECTORY, ACKNOWLEDGED),
    (n) => `after ${count(n)} acknowledged puts`,
  );
  store = await step(
    "open after the crash",
    () => open(DIRECTORY),
    () => "its lock was taken over",
  );
  const kept = await step(
    "look for its writes",
    () => countWritten(store),
    (n) => `${count(n)} found`,
  );
  await store.close();
  if (kept < acknowledged) throw new Error(`${acknowledged - kept} acknowledged writes are lost`);
  console.log(`\nAll ${count(acknowledged)} acknowledged writes survived the kill. The store is in data/start.`);
}

await main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

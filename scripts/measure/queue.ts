/**
 * A queue: each job is put at the tail; the job at the head is read and deleted. Compares milliseconds per job with
 * classic-level and lmdb-js, at the start and after many jobs.
 *
 * ```sh
 * node scripts/measure.ts queue [--jobs 1000000] [--module OTHER/mod.ts] [--only luge]
 * ```
 *
 * No write is synced, because a sync would measure the disk. `--module` measures another build of luge.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { installPeers } from "../bench/install.ts";
import { peerModule } from "../bench/places.ts";
import { count, readOptions, some, text } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";

const values = readOptions({
  jobs: count("how many jobs", 1_000_000),
  module: text("the module to measure", join(ROOT, "mod.ts"), "file"),
  only: some("the stores to measure", ["luge", "classic-level", "lmdb-js"]),
});
const JOBS = values.jobs;
/** Jobs that wait in the queue. */
const WAITING = 100;
/** Jobs that are timed. */
const TIMED = 200;
/** Jobs before the first timing. During these the compilers of JavaScript and WebAssembly are busy. */
const WARM_UP = 1000;
const VALUE = new Uint8Array(100);

/** A store that serves as a queue. */
interface Queue {
  put(key: string): Promise<unknown>;
  /** The first key. */
  head(): Promise<string | undefined>;
  remove(key: string): Promise<unknown>;
  close(): Promise<unknown>;
}

async function luge(directory: string): Promise<Queue> {
  const path = resolve(values.module);
  const { open } = (await import(pathToFileURL(path).href)) as typeof import("../../mod.ts");
  const store = await open({ path: join(directory, "luge"), syncWrites: false });
  return {
    put: (key) => store.put(key, VALUE),
    async head() {
      for await (const key of store.keys({ limit: 1 })) return key;
      return undefined;
    },
    remove: (key) => store.delete(key),
    close: () => store.close(),
  };
}

interface Level {
  open(): Promise<void>;
  put(key: string, value: Uint8Array): Promise<void>;
  del(key: string): Promise<void>;
  keys(range: { limit: number }): { all(): Promise<string[]> };
  close(): Promise<void>;
}

async function classicLevel(directory: string): Promise<Queue> {
  const { ClassicLevel } = peerModule<{ ClassicLevel: new (path: string, options: object) => Level }>("classic-level");
  const level = new ClassicLevel(join(directory, "level"), { valueEncoding: "view" });
  await level.open();
  return {
    put: (key) => level.put(key, VALUE),
    head: async () => (await level.keys({ limit: 1 }).all())[0],
    remove: (key) => level.del(key),
    close: () => level.close(),
  };
}

interface Lmdb {
  put(key: string, value: Uint8Array): Promise<boolean>;
  remove(key: string): Promise<boolean>;
  getKeys(range: { limit: number }): Iterable<string>;
  close(): Promise<void>;
}

async function lmdb(directory: string): Promise<Queue> {
  const { open } = peerModule<{ open(options: object): Lmdb }>("lmdb");
  const database = open({ path: join(directory, "lmdb"), encoding: "binary", compression: false });
  return {
    put: (key) => database.put(key, VALUE),
    async head() {
      for (const key of database.getKeys({ limit: 1 })) return key;
      return undefined;
    },
    remove: (key) => database.remove(key),
    close: () => database.close(),
  };
}

const keyOf = (job: number) => `job${String(job).padStart(12, "0")}`;

/** Does jobs one by one, each awaited. Returns milliseconds per job. */
async function run(queue: Queue, from: number, jobs: number): Promise<number> {
  const started = performance.now();
  for (let job = from; job < from + jobs; job++) {
    await queue.put(keyOf(job + WAITING));
    const head = await queue.head();
    if (head !== keyOf(job)) throw new Error(`The head is ${head}, not ${keyOf(job)}`);
    await queue.remove(head);
  }
  return (performance.now() - started) / jobs;
}

installPeers();
const rows: Record<string, unknown> = {};
for (const [name, open] of Object.entries({ luge, "classic-level": classicLevel, "lmdb-js": lmdb })) {
  if (!values.only.some((each) => each === name)) continue;
  const directory = mkdtempSync(join(tmpdir(), "luge-queue-"));
  try {
    const queue = await open(directory);
    for (let job = 0; job < WAITING; job++) await queue.put(keyOf(job));
    const warmingUp = await run(queue, 0, WARM_UP);
    const atStart = await run(queue, WARM_UP, TIMED);
    // Many jobs at a time: they are put, and taken in the order of their keys, which is the queue's order.
    let next = WARM_UP + TIMED;
    for (; next < JOBS; next += 1000) {
      const jobs = Array.from({ length: Math.min(1000, JOBS - next) }, (_, i) => next + i);
      await Promise.all(jobs.map((job) => queue.put(keyOf(job + WAITING))));
      await Promise.all(jobs.map((job) => queue.remove(keyOf(job))));
    }
    const behind = Math.max(JOBS, WARM_UP + TIMED);
    const first = await run(queue, behind, 1);
    const later = await run(queue, behind + 1, TIMED);
    rows[name] = {
      "ms while warming up": warmingUp,
      "ms at the start": atStart,
      [`ms of the first after ${JOBS}`]: first,
      "ms then": later,
    };
    await queue.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
console.table(rows);

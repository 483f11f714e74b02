/**
 * Measures how long single calls block the event loop, on a store with many entries: reads, counts, watches, backups,
 * deletions and large values. The delay is that of timers of one millisecond, on every runtime. On Node `cpuMaxMs` is
 * the processor time of the longest turn.
 *
 * ```sh
 * node scripts/measure.ts event-loop [--entries 2000000] [--module OTHER/mod.ts] [--only count]
 * ```
 *
 * Half of the entries are deleted for `count`, `entries` and `deleteRange`. `--module` measures another build of luge.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { SledStore } from "../../mod.ts";
import { withLoopDelay } from "../bench/loop_delay.ts";
import { collectGarbage } from "../lib/garbage.ts";
import { count, readOptions, text } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";

const values = readOptions({
  entries: count("how many entries", 2_000_000),
  module: text("the module to measure", join(ROOT, "mod.ts"), "file"),
  only: text("only calls whose names contain this", ""),
});
const ENTRIES = values.entries;
const HALF = ENTRIES / 2;
const LARGE_VALUES = 400;
const MiB = 2 ** 20;

const path = resolve(values.module);
const { open } = (await import(pathToFileURL(path).href)) as typeof import("../../mod.ts");
const keyOf = (i: number) => `key${String(i).padStart(9, "0")}`;
const VALUE = new Uint8Array(100).map((_, i) => i * 7);
const rows: Record<string, unknown> = {};

/** On Node, the processor time of this thread between the turns of a timer. It excludes other work on the machine. */
async function withProcessorTurns<T>(run: () => Promise<T>): Promise<{ result: T; cpuMaxMs?: number }> {
  if (typeof process.threadCpuUsage !== "function") return { result: await run() };
  let [before, cpuMaxMs] = [process.threadCpuUsage(), 0];
  const turn = () => {
    const { user, system } = process.threadCpuUsage(before);
    before = process.threadCpuUsage();
    cpuMaxMs = Math.max(cpuMaxMs, (user + system) / 1000);
  };
  const timer = setInterval(turn, 1);
  const result = await run();
  clearInterval(timer);
  turn();
  return { result, cpuMaxMs };
}

/** Waits until earlier work and the garbage collection after loads are over, so that they do not affect timers. */
async function settle(): Promise<void> {
  collectGarbage?.();
  await new Promise((done) => setTimeout(done, 50));
}

async function measure(name: string, run: () => Promise<unknown>): Promise<void> {
  if (!name.includes(values.only)) {
    // The deleted entries are those that later reads skip.
    if (name.startsWith("deleteRange")) await run();
    return;
  }
  await settle();
  const started = performance.now();
  let turns: object = {};
  const { loopP99Ms, loopMaxMs } = await withLoopDelay(async () => {
    turns = await withProcessorTurns(run);
  });
  rows[name] = { ...turns, ms: performance.now() - started, loopP99Ms, loopMaxMs };
}

async function load(store: SledStore): Promise<void> {
  for (let i = 0; i < ENTRIES; i += 1000) {
    const puts = Array.from({ length: 1000 }, (_, j) => ({ type: "put", key: keyOf(i + j), value: VALUE }) as const);
    await store.batch(puts);
  }
}

/** Takes that many changes of a watch. */
async function take(changes: AsyncIterable<unknown>, count: number): Promise<number> {
  let taken = 0;
  for await (const _ of changes) if (++taken === count) break;
  return taken;
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let bytes = 0;
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) bytes += read.value.length;
  return bytes;
}

async function firstOf(entries: AsyncIterable<[string, Uint8Array]>): Promise<string | undefined> {
  for await (const [key] of entries) return key;
  return undefined;
}

/**
 * Another commit comes between its reads and its own commit. So everything that it read must be compared with that
 * commit.
 */
async function readAllAndCommit(store: SledStore): Promise<void> {
  await store.transaction(async (transaction) => {
    for await (const _ of transaction.keys({ gte: keyOf(HALF) }));
    for (let i = 0; i < 20_000; i++) await transaction.get(keyOf(i));
    await store.put("behind all", VALUE);
    transaction.put("behind all, too", VALUE);
  });
}

async function measureEntries(store: SledStore): Promise<void> {
  await measure("count()", () => store.count());
  await measure("commit of a transaction that read all", () => readAllAndCommit(store));
  const since = store.version;
  await store.put(keyOf(1), VALUE);
  await store.put(keyOf(ENTRIES - 1), VALUE);
  await measure("backup({ since }) of two changes", () => bytesOf(store.backup({ since })));
  await measure("deleteRange of half", () => store.deleteRange({ lt: keyOf(HALF) }));
  const forwards = store.snapshot();
  await measure("entries({ limit: 1 }) over deletions", () => firstOf(store.entries({ limit: 1 })));
  await measure("the same again", () => firstOf(store.entries({ limit: 1 })));
  const range = { lt: keyOf(HALF) };
  await measure("count() over deletions", () => store.count(range));
  await measure("count() in a snapshot over deletions", () => store.count({ ...range, snapshot: forwards }));
  const backwards = { ...range, reverse: true, limit: 1, snapshot: forwards };
  await measure("entries({ reverse }) over deletions", () => firstOf(store.entries(backwards)));
  forwards.dispose();
  await measure("metrics()", async () => store.metrics().entriesVisited);
}

/** A separate function, so that its operations become garbage when it ends. */
async function commitAtOnce(store: SledStore, entries: number): Promise<void> {
  const puts = Array.from({ length: entries }, (_, i) => ({ type: "put", key: keyOf(i), value: VALUE }) as const);
  await store.batch(puts);
}

async function measureCommit(directory: string): Promise<void> {
  await using store = await open({ path: join(directory, "commit"), syncWrites: false });
  const since = store.version;
  await commitAtOnce(store, HALF);
  await measure("watch of one commit, in memory", () => take(store.watch({}, { since }), HALF));
  await store.put("another", VALUE);
  // The commit moves into the table, where changes are found by key.
  while (store.metrics().sealedBufferBytes > 0 || store.metrics().writeBufferEntries > HALF) await settle();
  await measure("watch of one commit, in the table", () => take(store.watch({}, { since }), HALF));
}

async function measureLarge(directory: string): Promise<void> {
  await using store = await open({ path: join(directory, "large"), syncWrites: false });
  const value = new Uint8Array(MiB).map((_, i) => i);
  for (let i = 0; i < LARGE_VALUES; i++) await store.put(keyOf(i), value);
  await measure(`watch({ since: 0 }) of ${LARGE_VALUES} values of 1 MiB`, () =>
    take(store.watch({}, { since: 0 }), LARGE_VALUES),
  );
}

const directory = mkdtempSync(join(tmpdir(), "luge-loop-"));
try {
  if (!"watch".includes(values.only) || values.only === "") {
    await using store = await open({ path: join(directory, "entries"), syncWrites: false });
    await load(store);
    await measureEntries(store);
  }
  if ("watch of one commit".includes(values.only)) await measureCommit(directory);
  if ("watch({ since: 0 })".includes(values.only)) await measureLarge(directory);
  console.table(rows);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

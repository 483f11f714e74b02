/**
 * One process of the measurement: opens the store, waits for a line, works for some seconds, and prints how many
 * operations it did.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { open } from "../../../mod.ts";
import { lmdb } from "../../bench/peers/lmdb.ts";
import { betterSqlite3 } from "../../bench/peers/sqlite.ts";
import { ENTRIES, FOLLOWERS, type Guarantee, keyOf, OWNER, VALUE, WORKLOADS, type Workload } from "./work.ts";

/** What a member does with a store. */
interface Used {
  get(key: string): unknown;
  put(key: string, value: Uint8Array): unknown;
  /** Reads everything. Returns how many entries there are. */
  scan(): number | Promise<number>;
  /** How many milliseconds a follower is behind. */
  delay?(): number | undefined;
  close(): unknown;
}

async function openLuge(path: string, guarantee: Guarantee, follow: boolean): Promise<Used> {
  const store = await open({ path, shared: true, follow, syncWrites: guarantee === "durable" });
  return {
    delay: () => store.following?.delayMs,
    get: (key) => store.get(key),
    put: (key, value) => store.put(key, value),
    scan: async () => (await store.entries().toArray()).length,
    close: () => store.close(),
  };
}

async function openPeer(name: string, path: string, guarantee: Guarantee): Promise<Used> {
  const peer = [lmdb, betterSqlite3].find((each) => each.name === name);
  if (!peer) throw new RangeError(`Unknown store '${name}'`);
  const store = await peer.open(path, guarantee);
  return {
    get: (key) => store.getSync?.(key),
    put: (key, value) => (store.put ? store.put(key, value) : store.putSync?.(key, value)),
    scan: () => {
      store.scan?.("");
      return ENTRIES;
    },
    close: () => store.close(),
  };
}

const [name = "", path = "", workload = "get", seconds = "1", seed = "0"] = process.argv.slice(2);
const { guarantee, inFlight } = WORKLOADS[workload === "delay" ? "get" : (workload as Workload)];
const isLuge = name === "luge" || name === FOLLOWERS || name === OWNER;
const store = await (isLuge ? openLuge(path, guarantee, name === FOLLOWERS) : openPeer(name, path, guarantee));

console.log("ready");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
await lines.next();
const start = performance.now();
const isOver = () => performance.now() - start > Number(seconds) * 1000;
let [count, number] = [0, Number(seed)];
const next = () => {
  number = (number * 1103515245 + 12345) % 2147483648;
  return keyOf(number % ENTRIES);
};

const changed = (to: number) => {
  const value = VALUE.slice();
  new DataView(value.buffer).setUint32(0, to);
  return value;
};

/** Looks each millisecond how far a follower is behind. */
async function look(): Promise<void> {
  const delays: number[] = [];
  while (!isOver()) {
    delays.push(store.delay?.() ?? Number.NaN);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log(delays.join(" "));
}

async function work(): Promise<void> {
  while (!isOver()) {
    if (workload === "scan") count += await store.scan();
    else {
      const done = workload.startsWith("get") ? store.get(next()) : store.put(next(), changed(count));
      // Also stores that block let other callers go on now and then.
      if (done instanceof Promise) await done;
      else if (count % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
      count += 1;
    }
  }
}

if (workload === "delay") await look();
else {
  await Promise.all(Array.from({ length: inFlight }, work));
  console.log(count / ((performance.now() - start) / 1000));
}
await store.close();
process.exit();

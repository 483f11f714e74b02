/**
 * Several processes on one store, beside lmdb-js and SQLite in WAL mode with as many processes: operations a second of
 * all of them together. luge has an owner besides, which does nothing of its own, so that every call goes through the
 * socket.
 *
 * ```sh
 * node scripts/measure.ts processes [--clients 1,4,8] [--rounds 3] [--seconds 1.5] [--only durable]
 * ```
 *
 * The stores take turns in each round. `followers` are processes that follow the same store, and `owner` is one process
 * that has a store of its own and does all of it there: what reads of a follower are to be compared with. At the end
 * it shows how many milliseconds followers are behind while the owner puts as fast as it can.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { open, type SharedStore } from "../../mod.ts";
import { installPeers } from "../bench/install.ts";
import { lmdb } from "../bench/peers/lmdb.ts";
import { betterSqlite3 } from "../bench/peers/sqlite.ts";
import { STORES } from "../bench/places.ts";
import { count, readOptions, text } from "../lib/options.ts";
import { binary, ROOT } from "../lib/runtimes.ts";
import { median } from "../lib/statistics.ts";
import { ENTRIES, FOLLOWERS, keyOf, OWNER, VALUE, WORKLOADS, type Workload } from "./processes/work.ts";

const values = readOptions({
  clients: text("numbers of processes, with commas between them", "1,4,8"),
  rounds: count("how often each is measured", 3),
  milliseconds: count("how long each is measured", 1500),
  only: text("only workloads whose names contain this", ""),
});

const MEMBER = join(ROOT, "scripts", "measure", "processes", "member.ts");
const PEERS = [lmdb, betterSqlite3];
const NAMES = ["luge", FOLLOWERS, OWNER, ...PEERS.map(({ name }) => name)];

installPeers();
mkdirSync(STORES, { recursive: true });
const folder = mkdtempSync(join(STORES, "processes-"));
const pathOf = (name: string) => join(folder, name === FOLLOWERS ? "luge" : name.replaceAll(/\W/g, ""));
const keys = Array.from({ length: ENTRIES }, (_, i) => keyOf(i));
const entries = { keys, values: keys.map(() => VALUE) };

/** Opens a shared store with the entries. */
async function opened(name: string): Promise<SharedStore> {
  const store = await open({ path: pathOf(name), shared: true, syncWrites: false });
  for (let i = 0; i < ENTRIES; i += 1000) {
    await store.batch(keys.slice(i, i + 1000).map((key) => ({ type: "put", key, value: VALUE })));
  }
  await store.flush();
  return store;
}

const owner = await opened("luge");
await (await opened(OWNER)).close();
for (const peer of PEERS) {
  mkdirSync(pathOf(peer.name), { recursive: true });
  const store = await peer.open(pathOf(peer.name), "buffered");
  await store.load?.(entries, 1000);
  await store.flush?.();
  await store.close();
}

interface Member {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  readonly closed: Promise<unknown>;
}

/** Starts a member. */
function start(name: string, workload: Workload | "delay", seed: number): Member {
  const seconds = String(values.milliseconds / 1000);
  const args = [MEMBER, name, pathOf(name), workload, seconds, String(seed)];
  const child = spawn(binary("node"), args, { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  return { child, closed, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** The operations a second of all members together. */
async function measure(name: string, workload: Workload, clients: number): Promise<number> {
  const members = Array.from({ length: clients }, (_, i) => start(name, workload, 1 + i * 7919));
  for (const { lines } of members) await lines.next();
  for (const { child } of members) child.stdin?.end("go\n");
  const rates = await Promise.all(members.map(async ({ lines }) => Number((await lines.next()).value)));
  await Promise.all(members.map(({ closed }) => closed));
  return rates.reduce((sum, rate) => sum + rate, 0);
}

const rows: Record<string, Record<string, string>> = {};
for (const workload of Object.keys(WORKLOADS).filter((each) => each.includes(values.only)) as Workload[]) {
  for (const clients of values.clients.split(",").map(Number)) {
    const rates = new Map<string, number[]>(NAMES.map((name) => [name, []]));
    for (let round = 0; round < values.rounds; round++) {
      for (const name of NAMES) rates.get(name)?.push(await measure(name, workload, name === OWNER ? 1 : clients));
    }
    const found = NAMES.map((name) => median(rates.get(name) ?? []));
    const [ours = 0, , , ...theirs] = found;
    rows[`${WORKLOADS[workload].title}, ${clients}`] = Object.fromEntries([
      ...NAMES.map((name, i) => [name, Math.round(found[i] ?? 0).toLocaleString("en")]),
      ...PEERS.map(({ name }, i) => [`luge / ${name}`, (ours / (theirs[i] ?? 1)).toFixed(2)]),
    ]);
    console.log(`${WORKLOADS[workload].title}, ${clients} processes`, rows[`${WORKLOADS[workload].title}, ${clients}`]);
  }
}
console.table(rows);

/** The milliseconds by which followers are behind while the owner puts, 64 in flight: the median, the 99th of 100, the most. */
async function delays(followers: number): Promise<Record<string, number | string>> {
  const members = Array.from({ length: followers }, () => start(FOLLOWERS, "delay", 0));
  for (const { lines } of members) await lines.next();
  for (const { child } of members) child.stdin?.end("go\n");
  let [count, isOver] = [0, false];
  const started = performance.now();
  const puts = Array.from({ length: 64 }, async () => {
    while (!isOver) await owner.put(keyOf(count++ % ENTRIES), VALUE);
  });
  const told = await Promise.all(members.map(async ({ lines }) => String((await lines.next()).value)));
  isOver = true;
  await Promise.all(puts);
  const rate = Math.round(count / ((performance.now() - started) / 1000)).toLocaleString("en");
  await Promise.all(members.map(({ closed }) => closed));
  const found = told.flatMap((line) => line.split(" ").map(Number)).toSorted((a, b) => a - b);
  const at = (share: number) => found[Math.floor((found.length - 1) * share)] ?? Number.NaN;
  return { median: at(0.5), "99 %": at(0.99), most: at(1), "puts of the owner": rate };
}

if ("delay".includes(values.only)) {
  const behind: Record<string, unknown> = {};
  for (const followers of values.clients.split(",").map(Number))
    behind[`${followers} followers`] = await delays(followers);
  console.log("Milliseconds behind the owner:");
  console.table(behind);
}
await owner.close();
rmSync(folder, { recursive: true, force: true });

/**
 * A member of a campaign: does random operations on a shared store, and writes them down, until it is killed or its
 * input ends. It has the directory of the store, or the address of a gateway.
 *
 * @module
 */

import { openSync, writeSync } from "node:fs";
import process from "node:process";
import { open, type SharedStore } from "../../../mod.ts";
import { Random } from "../../lib/random.ts";
import { FollowerChecks } from "./follower_checks.ts";
import { ACCOUNTS, COUNTERS, FIRST_BALANCE, LISTS, type Operation, REGISTERS } from "./operations.ts";

const [place = "", log = "", name = "", seed = "0", token = "", port = "", how = ""] = process.argv.slice(2);
const IN_FLIGHT = 4;
/** What the calls of an owner reject with when another process has taken over. */
const LOST = new Set(["LOCK_LOST", "STORE_FAILED"]);

const random = new Random(Number(seed));
const file = openSync(log, "a");
const now = () => performance.timeOrigin + performance.now();
const write = (line: object) => void writeSync(file, `${JSON.stringify(line)}\n`);
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

let count = 0;
let isOver = false;
process.stdin.on("end", () => {
  isOver = true;
});
process.stdin.resume();

const follow = how === "follow";
const store = place.startsWith("luge://")
  ? await openRemote()
  : await open({ path: place, shared: true, follow, writeBufferSize: 256 * 1024, cacheSize: 1024 * 1024 });
if (port !== "") await store.listen({ token, port: Number(port) });
const checks = new FollowerChecks(store);
process.stdout.write(`role ${store.role}\n`);
let role = store.role;
await Promise.all(Array.from({ length: IN_FLIGHT }, work));
await store.close();
process.stdout.write("closed\n");

/** Tries until there is a gateway: it may have been killed, and its follower may not listen yet. */
async function openRemote(): Promise<SharedStore> {
  for (;;) {
    try {
      return await open({ address: place, token });
    } catch (error) {
      if ((error as { code?: string }).code !== "STORE_UNREACHABLE") throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function work(): Promise<void> {
  while (!isOver) {
    const n = ++count;
    const operation = randomOperation(n);
    write({ n, at: now(), operation });
    try {
      const result = await doOperation(store, operation);
      write({ n, at: now(), result });
    } catch (error) {
      // What an owner wrote itself before it was stopped may be done or not: it has no answer.
      if (!LOST.has((error as { code?: string }).code ?? "")) throw error;
    }
    if (store.role === role) continue;
    role = store.role;
    process.stdout.write(`role ${role}\n`);
  }
}

function randomOperation(n: number): Operation {
  const value = `${name}.${n}`;
  const kind = random.pick(["put", "get", "get", "increment", "append", "move"] as const);
  const register = `register ${random.below(REGISTERS)}`;
  if (kind === "get" && follow) return { kind: "look", key: register };
  if (kind === "put" || kind === "get") return { kind, key: register, value };
  if (kind === "increment") return { kind, key: `counter ${random.below(COUNTERS)}` };
  if (kind === "append") return { kind, key: `list ${random.below(LISTS)}`, value: `${value},` };
  return { kind, key: `account ${random.below(ACCOUNTS)}`, value: `account ${random.below(ACCOUNTS)}` };
}

async function doOperation(store: SharedStore, operation: Operation): Promise<unknown> {
  const { kind, key } = operation;
  switch (kind) {
    case "put":
      return await (follow ? checks : store).put(key, operation.value);
    case "look":
      await checks.sum();
      return await checks.look(key);
    case "get":
      return text(await store.get(key)) ?? null;
    case "increment":
      return await store.increment(key);
    case "append":
      return await store.append(key, operation.value);
    case "move":
      return await store.transaction(async (tx) => {
        if (key === operation.value) return;
        const [from, to] = await tx.getMany([key, operation.value]);
        tx.put(key, String(Number(text(from) ?? FIRST_BALANCE) - 1));
        tx.put(operation.value, String(Number(text(to) ?? FIRST_BALANCE) + 1));
      });
  }
}

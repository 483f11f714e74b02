/**
 * A process that follows a store: counts up its own counter, and reads all counters meanwhile. It says what it is, how far
 * it came, and which other counters it sees; `lost` for a write of which nobody knows whether it is done, and `wrong` if a
 * read does not find its own write, or goes back in time. It ends when its input does.
 *
 * @module
 */

import process from "node:process";
import { open, StoreError } from "../../mod.ts";
import { float64Codec } from "../../src/codecs/mod.ts";

const [path = "", name = ""] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

let isOver = false;
process.stdin.resume();
process.stdin.once("end", () => {
  isOver = true;
});

const store = await open({ path, follow: true, writeBufferSize: 256 * 1024 });
const numbers = store.view({ prefix: "count/", value: float64Codec });
let role = "";

/** The new value; `undefined` if nobody knows it. */
async function increment(): Promise<number | undefined> {
  try {
    return await store.increment(`count/${name}`);
  } catch (error) {
    if (!(error instanceof StoreError && error.code === "OWNER_LOST")) throw error;
    say("lost");
    return undefined;
  }
}

async function write(): Promise<void> {
  while (!isOver) {
    const value = await increment();
    if (value === undefined) continue;
    const found = await numbers.get(name);
    if (found !== value) say(`wrong: wrote ${value} and read ${found}`);
    say(`at ${value}`);
  }
}

async function read(): Promise<void> {
  const seen = new Map<string, number>();
  while (!isOver) {
    for (const [key, value] of await numbers.entries().toArray()) {
      if (!seen.has(key)) say(`sees ${key}`);
      const before = seen.get(key) ?? 0;
      if (value < before) say(`wrong: ${key} was ${before} and is ${value}`);
      seen.set(key, value);
    }
    if (store.role !== role) {
      role = store.role;
      say(`role ${role}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

await Promise.all([write(), read()]);
await store.close();
say("done");

/**
 * Waits for one change of a store that nothing else keeps the process alive for, and then has nothing more to do.
 *
 * @module
 */

import { setTimeout } from "node:timers";
import { MemoryStore } from "../../mod.ts";

const store = new MemoryStore();
setTimeout(() => store.putSync("key", "value"), 200).unref();
for await (const { key } of store.watch()) {
  console.log(`changed ${key}`);
  break;
}
// A watch that nobody reads keeps nothing alive.
store.watch()[Symbol.asyncIterator]();

/**
 * Waits for one change of a store. Nothing else keeps the process alive, and after the change it has nothing more to
 * do.
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
// A watch without a reader does not keep the process alive.
store.watch()[Symbol.asyncIterator]();

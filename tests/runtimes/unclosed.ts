/**
 * Ends without closing its store, whose worker thread has merged, and may do so still.
 *
 * @module
 */

import process from "node:process";
import { open } from "../../mod.ts";

const [path = ""] = process.argv.slice(2);
const store = await open({ path, writeBufferSize: 256 * 1024, syncWrites: false, workers: "auto" });
const value = new Uint8Array(60);
for (let i = 0; i < 40_000; i += 500) {
  const puts = Array.from({ length: 500 }, (_, j) => ({ type: "put", key: `key ${(i + j) * 7919}`, value }) as const);
  await store.batch(puts);
}
console.log("written");

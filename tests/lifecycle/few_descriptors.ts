/**
 * Fills write buffers while its process has few free file descriptors. Prints what the store logs.
 *
 * @module
 */

import { closeSync, openSync } from "node:fs";
import process from "node:process";
import { open } from "../../mod.ts";
import { BUFFER, load } from "./workers.ts";

/** Enough for the files of the store, and too few for a thread. */
const FREE = 28;

const [path = ""] = process.argv.slice(2);
const log = (line: string) => console.log(line);
const logger = { debug() {}, info() {}, warn: log, error: log };
const store = await open({
  path,
  writeBufferSize: BUFFER,
  workers: "auto",
  syncWrites: false,
  loggingLevel: 2,
  logger,
});
await store.put("key", "value");
const taken: number[] = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  for (const descriptor of taken.splice(0, FREE)) closeSync(descriptor);
}
await load(store, 40_000);
const { workerJobs, workerFailures } = store.metrics();
console.log(`jobs ${workerJobs}, failures ${workerFailures}`);
await store.close();

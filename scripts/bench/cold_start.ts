/**
 * Imports a store, opens it, reads one key, and prints how many seconds that took. The cold start workloads run it.
 *
 * @module
 */

import process from "node:process";
import { peerOf } from "./peers/index.ts";

const [name = "", directory = "", key = ""] = process.argv.slice(2);
const peer = peerOf(name);
const started = performance.now();
const subject = await peer.open(directory, "durable");
const read = subject.getSync ?? subject.get;
await read?.(key);
console.log((performance.now() - started) / 1000);
await subject.close();

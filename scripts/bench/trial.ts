/**
 * Runs one trial in this process: a workload on a store. Prints the outcome as JSON. With the workload `prepare`, loads the
 * data for the workloads that read.
 *
 * @module
 */

import process from "node:process";
import { peerOf } from "./peers/index.ts";
import { workloadOf } from "./workloads/index.ts";
import { prepareReads } from "./workloads/read.ts";

const [peer = "", workload = "", entries = "", directory = "", seconds = ""] = process.argv.slice(2);
const bench = { peer: peerOf(peer), directory, entries: Number(entries), seconds: Number(seconds) };
const outcome = workload === "prepare" ? await prepareReads(bench) : await workloadOf(workload).run(bench);
console.log(`outcome ${JSON.stringify(outcome ?? null)}`);

/**
 * One trial, in this process: a workload on a store. Prints what it found as JSON. Or, with the workload `prepare`, loads
 * what workloads that read find.
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

/**
 * Cold starts, as of a serverless function: a fresh process imports, opens, and reads once.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { keyOf } from "../data.ts";
import { launch } from "../launch.ts";
import { secondsOf, type Workload } from "../workload.ts";

const STARTER = join(import.meta.dirname, "..", "cold_start.ts");

function coldStart(name: string, title: string, entries: readonly [number, number]): Workload {
  return {
    name,
    title,
    guarantee: "durable",
    reads: true,
    kinds: ["store"],
    entries,
    async run(bench) {
      const key = keyOf(Math.floor(bench.entries / 2));
      const [command, args] = launch(STARTER, bench.peer.name, bench.directory, key);
      let output = "";
      const processSeconds = await secondsOf(() => {
        output = execFileSync(command, args, { encoding: "utf8" });
      });
      const seconds = JSON.parse(output) as number;
      return { operations: 1, seconds, figures: { processMs: processSeconds * 1000 } };
    },
  };
}

/** Of an empty, a small and a full store. */
export const coldStarts: readonly Workload[] = [
  coldStart("open-empty", "cold start to the first get, empty store", [0, 0]),
  coldStart("open-small", "cold start to the first get, 1,000 entries", [1000, 1000]),
  coldStart("open-full", "cold start to the first get, 1,000,000 entries", [1_000_000, 100_000]),
];

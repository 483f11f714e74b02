/**
 * Cold starts, as in a serverless function: a new process imports, opens and reads once.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { median } from "../../lib/statistics.ts";
import { keyOf } from "../data.ts";
import { launch } from "../launch.ts";
import { secondsOf, type Workload } from "../workload.ts";

/** Processes of a trial. The median counts. */
const STARTS = 3;
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
      const inside: number[] = [];
      const whole: number[] = [];
      for (let i = 0; i < STARTS; i++) {
        const start = () => inside.push(JSON.parse(execFileSync(command, args, { encoding: "utf8" })) as number);
        whole.push((await secondsOf(start)) * 1000);
      }
      const seconds = median(inside);
      return { operations: 1, seconds, figures: { startMs: seconds * 1000, processMs: median(whole) } };
    },
  };
}

/** Cold starts of an empty, a small and a full store. */
export const coldStarts: readonly Workload[] = [
  coldStart("open-empty", "cold start to the first get, empty store", [0, 0]),
  coldStart("open-small", "cold start to the first get, small store", [1000, 1000]),
  coldStart("open-full", "cold start to the first get, full store", [1_000_000, 100_000]),
];

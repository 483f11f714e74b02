/**
 * The processes of a simulation: none dies or hangs unnoticed.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Crew } from "../../scripts/campaigns/simulate/crew.ts";
import { nodeTest } from "../support/node_only.ts";

const file = join(import.meta.dirname, "fixtures", "crew_worker.ts");

nodeTest("a worker that dies is told of with its seed, and another goes on behind it", async () => {
  const deaths: [string, number][] = [];
  const seeds: number[] = [];
  const crew = new Crew({
    workers: 1,
    seed: 1,
    rest: ["die"],
    file,
    onReport: ({ seed }) => {
      seeds.push(seed);
      if (seed === 8) crew.end();
    },
    onDeath: (problem, seed) => deaths.push([problem, seed]),
  });
  await crew.run();
  assert.deepEqual(deaths, [
    ["a worker ended with 3", 3],
    ["a worker ended with SIGKILL", 5],
  ]);
  assert.deepEqual(seeds, [1, 2, 3, 4, 5, 6, 7, 8]);
});

nodeTest("workers that hang are ended, and after some there are no more", async () => {
  const deaths: string[] = [];
  const onDeath = (problem: string) => deaths.push(problem);
  const crew = new Crew({ workers: 2, seed: 1, rest: ["hang"], file, silentMs: 200, onReport: () => {}, onDeath });
  await crew.run();
  assert.ok(deaths.length >= 5 && deaths.every((each) => each === "a worker hung for 0.2 s"), deaths.join());
});

/**
 * The processes of a simulation. A process that dies or hangs is always noticed.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Crew, type CrewOptions } from "../../scripts/campaigns/simulate/crew.ts";
import { nodeTest } from "../support/node_only.ts";

const file = join(import.meta.dirname, "fixtures", "crew_worker.ts");

/** A crew of one worker in a mode of `crew_worker.ts`, from seed 1. */
function crewOf(mode: string, on: Pick<CrewOptions, "onReport" | "onDeath">): Crew {
  return new Crew({ workers: 1, seed: 1, rest: [mode], file, ...on });
}

nodeTest("a worker that dies is reported with its seed, and another one continues after that seed", async () => {
  const deaths: [string, number][] = [];
  const seeds: number[] = [];
  const crew = crewOf("die", {
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

nodeTest("a worker that ends after a seed is replaced, and that is no fault", async () => {
  const seeds: number[] = [];
  const crew = crewOf("leave", {
    onReport: ({ seed, done }) => {
      if (done) seeds.push(seed);
      if (seed === 3) crew.end();
    },
    onDeath: (problem) => assert.fail(problem),
  });
  await crew.run();
  assert.deepEqual(seeds.slice(0, 2), [1, 2]);
});

nodeTest("hanging workers are ended, and after several of them the crew stops", async () => {
  const deaths: string[] = [];
  const onDeath = (problem: string) => deaths.push(problem);
  const crew = new Crew({ workers: 2, seed: 1, rest: ["hang"], file, silentMs: 200, onReport: () => {}, onDeath });
  await crew.run();
  assert.ok(deaths.length >= 5 && deaths.every((each) => each === "a worker hung for 0.2 s"), deaths.join());
});

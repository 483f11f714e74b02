/**
 * Compares cold starts of two builds of the package, in pairs. A new process imports the module, opens a new store,
 * puts, gets and closes. The first build runs twice in each round, so that its difference from itself shows the noise.
 *
 * ```sh
 * node scripts/measure.ts cold-start BEFORE AFTER              # two directories with a mod.js, as `npm run build` leaves them
 * node scripts/measure.ts cold-start BEFORE AFTER --runs 61
 * ```
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { count, readCommand } from "../lib/options.ts";
import { launcher, RUNTIMES, type Runtime } from "../lib/runtimes.ts";
import { median } from "../lib/statistics.ts";

const PROGRAM = `
const { open } = await import(process.argv[2]);
const store = await open(process.argv[3]);
await store.put("key", "value");
if (!(await store.get("key"))) throw new Error("the value is missing");
await store.close();
const { user, system } = process.cpuUsage();
console.log((user + system) / 1000);
`;

/** The milliseconds of one process. */
interface Start {
  readonly wall: number;
  readonly cpu: number;
}

const { values, words } = readCommand({ runs: count("pairs of starts on each runtime", 61) }, ["before", "after"]);
const [before = "", after = ""] = words.map((path) => resolve(path, "mod.js"));
const runs = values.runs;
const directory = mkdtempSync(join(tmpdir(), "luge-cold-"));
const program = join(directory, "program.mjs");
writeFileSync(program, PROGRAM);

function startOf(runtime: Runtime, module: string): Start {
  const path = mkdtempSync(join(directory, "data-"));
  const [command, args] = launcher(runtime);
  const began = performance.now();
  const output = execFileSync(command, [...args, program, module, path], { encoding: "utf8" });
  const wall = performance.now() - began;
  rmSync(path, { recursive: true });
  return { wall, cpu: Number(output) };
}

/** A random order, so that the order of the builds changes. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

try {
  const rows = RUNTIMES.map((runtime) => {
    const starts = { before: [] as Start[], again: [] as Start[], after: [] as Start[] };
    const modules = { before, again: before, after };
    for (const module of Object.values(modules)) startOf(runtime, module);
    for (let run = 0; run < runs; run++) {
      for (const name of shuffled(["before", "again", "after"] as const)) {
        starts[name].push(startOf(runtime, modules[name]));
      }
    }
    const of = (name: keyof typeof starts, what: keyof Start) => median(starts[name].map((start) => start[what]));
    const ratio = (name: keyof typeof starts, what: keyof Start) => (of(name, what) / of("before", what)).toFixed(3);
    return {
      runtime,
      "before, ms": of("before", "wall").toFixed(1),
      "after, ms": of("after", "wall").toFixed(1),
      ratio: ratio("after", "wall"),
      "A against A": ratio("again", "wall"),
      "CPU before": of("before", "cpu").toFixed(1),
      "CPU after": of("after", "cpu").toFixed(1),
      "CPU ratio": ratio("after", "cpu"),
      "CPU A against A": ratio("again", "cpu"),
    };
  });
  console.table(rows);
} finally {
  rmSync(directory, { recursive: true });
}

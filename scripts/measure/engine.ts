/**
 * Measures the engine with 12-byte keys and 100-byte values: loads compared with a raw file and other stores, millions
 * of entries with overwrites and a kill, reads, and large values. Each part runs in a separate process.
 *
 * ```sh
 * node scripts/measure.ts engine [--entries 10000000] [--only load,millions,reads,large]
 * ```
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { prepare } from "../bench/install.ts";
import { STORES } from "../bench/places.ts";
import { count, hidden, readOptions, some } from "../lib/options.ts";
import { measureLarge } from "./engine/large.ts";
import { measureLoad } from "./engine/load.ts";
import { fillAndDie, measureMillions } from "./engine/millions.ts";
import { measureReads } from "./engine/reads.ts";

const values = readOptions({
  entries: count("how many entries the longest part has", 10_000_000),
  only: some("the parts to run", ["load", "millions", "reads", "large"]),
  part: hidden(),
});
const { entries } = values;
const directory = join(STORES, "engine");

const PARTS: Readonly<Record<string, (directory: string, entries: number) => Promise<void>>> = {
  load: measureLoad,
  fill: fillAndDie,
  millions: measureMillions,
  reads: measureReads,
  large: measureLarge,
};

function start(part: string): void {
  const args = [fileURLToPath(import.meta.url), "--part", part, "--entries", String(entries)];
  try {
    execFileSync(process.execPath, args, { stdio: "inherit" });
  } catch (error) {
    // This part kills itself.
    if (part !== "fill" || (error as { signal?: string }).signal !== "SIGKILL") throw error;
  }
}

if (values.part !== undefined) {
  const part = PARTS[values.part];
  if (!part) throw new RangeError(`Wrong --part '${values.part}': expected one of ${Object.keys(PARTS).join(", ")}`);
  await part(directory, entries);
} else {
  await prepare();
  for (const part of values.only) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    console.log(`\n${part}`);
    if (part === "millions") start("fill");
    start(part);
  }
  rmSync(directory, { recursive: true, force: true });
}

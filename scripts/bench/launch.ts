/**
 * Starts the programs of the benchmark.
 *
 * @module
 */

import { launcher, type Runtime } from "../lib/runtimes.ts";

const DENO_FLAGS = ["--allow-all", "--unstable-kv"];

/** The runtime of this process. */
function thisRuntime(): Runtime {
  if ("Deno" in globalThis) return "deno";
  return "Bun" in globalThis ? "bun" : "node";
}

/** The command and the arguments that start a program on a runtime. */
export function launchOn(runtime: Runtime, program: string, ...args: string[]): [string, string[]] {
  const [command, flags] = launcher(runtime, DENO_FLAGS);
  return [command, [...flags, program, ...args]];
}

/** As {@linkcode launchOn}, on the runtime of this process. */
export function launch(program: string, ...args: string[]): [string, string[]] {
  return launchOn(thisRuntime(), program, ...args);
}

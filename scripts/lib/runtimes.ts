/**
 * The three runtimes, from the project's own dependencies.
 *
 * @module
 */

import { join } from "node:path";

/** The names of the runtimes, in the order of the tests. */
export const RUNTIMES = ["node", "bun", "deno"] as const;

/** One of {@linkcode RUNTIMES}. */
export type Runtime = (typeof RUNTIMES)[number];

/** The root of the project. */
export const ROOT: string = join(import.meta.dirname, "..", "..");

/** The path of a command from a dependency. */
export function binary(name: string): string {
  return join(ROOT, "node_modules", ".bin", name);
}

/** Whether `name` is one of {@linkcode RUNTIMES}. */
export function isRuntime(name: string): name is Runtime {
  return (RUNTIMES as readonly string[]).includes(name);
}

/** The command that starts a program on a runtime, and its arguments before the program's path. */
export function launcher(runtime: Runtime, denoFlags: readonly string[] = ["--allow-all"]): [string, string[]] {
  const deno = ["run", `--config=${join(ROOT, "deno.json")}`, "--no-check", "--no-prompt", ...denoFlags];
  return [binary(runtime), runtime === "deno" ? deno : []];
}

/**
 * The three runtimes, from the project's own dependencies.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";

/** The names of the runtimes, in the order of the tests. */
export const RUNTIMES = ["node", "bun", "deno"] as const;

/** One of {@linkcode RUNTIMES}. */
export type Runtime = (typeof RUNTIMES)[number];

/** The root of the project. */
export const ROOT: string = join(import.meta.dirname, "..", "..");

/**
 * The path of a command from a dependency. On Windows a dependency has a script for a shell there, which no process can
 * start. So Windows takes the programs of the runtimes from the `PATH`, and has no other command: throws an `Error`.
 */
export function binary(name: string, platform: string = process.platform): string {
  if (platform !== "win32") return join(ROOT, "node_modules", ".bin", name);
  if (isRuntime(name)) return `${name}.exe`;
  throw new Error(`The command '${name}' cannot be started on Windows: expected one of ${RUNTIMES.join(", ")}`);
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

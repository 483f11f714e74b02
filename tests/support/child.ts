/**
 * Programs that tests run on another runtime: see `tests/runtimes/child.ts`.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { launcher, type Runtime } from "../../scripts/lib/runtimes.ts";

/** The end of a child. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Options of {@linkcode start}. */
export interface StartOptions {
  /** The permissions of the program on Deno. Default: all. */
  readonly denoFlags?: readonly string[];
  /** The user it runs as; only root may set it. */
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a TypeScript program on a runtime. */
export function start(
  runtime: Runtime,
  program: string,
  args: readonly string[],
  { denoFlags, uid, env }: StartOptions = {},
): ChildProcess {
  const [command, flags] = launcher(runtime, denoFlags);
  return spawn(command, [...flags, program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  });
}

/** Waits until the child prints a line that starts with `text`. Rejects if the child ends before. */
export async function printed(child: ChildProcess, text: string): Promise<string> {
  if (!child.stdout) throw new Error("the child has no output");
  let errors = "";
  child.stderr?.on("data", (bytes) => {
    errors += bytes;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith(text)) return line;
  }
  throw new Error(`the child ended without printing '${text}': ${errors}`);
}

/** Waits for the end of a child. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (bytes) => {
      output += bytes;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

/** Kills a child as `kill -9` does, and waits until it has ended. */
export async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.stdout?.resume();
  child.kill("SIGKILL");
  await closed;
}

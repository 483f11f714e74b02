/**
 * Runs commands and steps, and says how long they took.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { ROOT } from "./runtimes.ts";

/** How {@linkcode run} runs a command. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The command is killed, and its run fails, after this many milliseconds. Default: 20 minutes. */
  readonly limitMs?: number;
}

/** What a command left. */
export interface RunResult {
  readonly code: number;
  /** Standard output and error, as they came. */
  readonly output: string;
}

const LIMIT_MS = 20 * 60 * 1000;

/** Runs a command and prints what it printed if it fails; rejects when it took too long. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { cwd = ROOT, env = {}, limitMs = LIMIT_MS } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const signal = AbortSignal.timeout(limitMs);
  const kill = () => child.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  const [code] = (await once(child, "close")) as [number | null];
  signal.removeEventListener("abort", kill);
  if (code !== 0) console.error(output);
  if (signal.aborted) throw new Error(`'${command}' took longer than ${limitMs / 1000} s`);
  return { code: code ?? 1, output };
}

/** What became of one step. */
export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

/** Runs one step under a headline; it fails when `work` returns false or throws. */
export async function step(name: string, work: () => Promise<boolean>): Promise<StepResult> {
  console.log(`── ${name} …`);
  const started = performance.now();
  let ok = false;
  try {
    ok = await work();
  } catch (error) {
    console.error(error);
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(`── ${name}: ${ok ? "passed" : "FAILED"} in ${seconds.toFixed(1)} s`);
  return { name, ok, seconds };
}

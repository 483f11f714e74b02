/**
 * Runs commands and steps, and prints how long they took.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { ROOT } from "./runtimes.ts";

/** The options of {@linkcode run}. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The command is killed, and its run fails, after this many milliseconds. Default: 20 minutes. */
  readonly limitMs?: number;
  /** Whether a failure prints nothing. */
  readonly quiet?: boolean;
}

/** The result of a command. */
export interface RunResult {
  readonly code: number;
  /** Standard output and error, in the order of their arrival. */
  readonly output: string;
}

const LIMIT_MS = 20 * 60 * 1000;

/** The process groups of the running commands. */
const running = new Set<number>();

function killGroup(group: number): void {
  // Windows has no groups of processes. A process that has ended already makes no difference.
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/pid", String(group), "/T", "/F"], { stdio: "ignore" });
    return;
  }
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // The group has already ended.
  }
}

// A separate group gets no Ctrl-C from the terminal. So a signal that ends this process ends its commands, too.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    for (const group of running) killGroup(group);
    process.kill(process.pid, signal);
  });
}

/** Runs a command and prints its output if it fails. If it takes too long, kills everything it started, and rejects. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { cwd = ROOT, env = {}, limitMs = LIMIT_MS, quiet = false } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: a child that outlives its test keeps our pipes open, so all of them must be killed together.
    // On Windows it would get a console of its own instead.
    detached: process.platform !== "win32",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const group = child.pid;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    if (group !== undefined) killGroup(group);
  }, limitMs);
  if (group !== undefined) running.add(group);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0 && !quiet) console.error(output);
    if (late) throw new Error(`'${command}' took longer than ${limitMs / 1000} s`);
    return { code: code ?? 1, output };
  } finally {
    clearTimeout(timer);
    if (group !== undefined) running.delete(group);
  }
}

/** The result of one step. */
export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

/** Runs one step below a headline. The step fails if `work` returns false or throws. */
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

import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Answer, Command } from "./lock_child.ts";

/** `"deno-scoped"` may only read and write the test's directory, and cannot ask for more. */
export type Runtime = "node" | "bun" | "deno" | "deno-scoped";

export const RUNTIMES: readonly Runtime[] = ["node", "bun", "deno", "deno-scoped"];

const SCRIPT = fileURLToPath(new URL("./lock_child.ts", import.meta.url));

/** The program and arguments that run `lock_child.ts` on a runtime. */
export function childCommand(runtime: Runtime, directory: string): string[] {
  const program = (name: string) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
  if (runtime === "node" || runtime === "bun") return [program(runtime), SCRIPT];
  const scope = [`--allow-read=${directory}`, `--allow-write=${directory}`];
  const permissions = runtime === "deno" ? ["--allow-all"] : scope;
  return [program("deno"), "run", "--quiet", "--no-prompt", ...permissions, SCRIPT];
}

/** A running `lock_child.ts`. */
export class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  #pid = 0;

  constructor(command: readonly string[]) {
    const [program = "", ...args] = command;
    this.#process = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#process.once("close", () => resolve()));
  }

  /** Returns when the child is ready. */
  static async start(command: readonly string[]): Promise<Child> {
    const child = new Child(command);
    const { pid } = await child.#read();
    assert.ok(pid);
    child.#pid = pid;
    return child;
  }

  /** The id of the script's process, even if the started program is a wrapper. */
  get pid(): number {
    return this.#pid;
  }

  async ask(command: Command): Promise<Answer> {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    return await this.#read();
  }

  /** Kills the child as `kill -9` does. Returns when the operating system has removed the process. */
  async kill(): Promise<void> {
    if (this.#pid && this.#process.exitCode === null && this.#process.signalCode === null) killProcess(this.#pid);
    await this.#ended;
  }

  /** Kills the started program if it is a parent of the script. */
  async killProgram(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  /** Lets the child end by itself. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.#ended;
  }

  async #read(): Promise<Answer> {
    const { value, done } = await this.#answers.next();
    assert.ok(!done, "the child ended without an answer");
    return JSON.parse(value);
  }
}

/** Kills a process as `kill -9` does. The process may have ended already. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

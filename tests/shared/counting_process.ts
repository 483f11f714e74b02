/**
 * A process that shares a store and counts, as a test sees it: what it says, and how far it is.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { launcher, type Runtime } from "../../scripts/lib/runtimes.ts";

/** See the module. */
export class CountingProcess {
  readonly name: string;
  readonly child: ChildProcess;
  /** What it said besides. */
  readonly said: string[] = [];
  role = "";
  at = 0;
  readonly ended: Promise<void>;

  /** Starts a program on a runtime. Its errors are printed. On Deno it has all permissions unless the flags say less. */
  constructor(name: string, runtime: Runtime, program: string, args: readonly string[], denoFlags?: readonly string[]) {
    this.name = name;
    const [command, flags] = launcher(runtime, denoFlags);
    this.child = spawn(command, [...flags, program, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on("line", (line) => this.#hear(line));
    this.ended = new Promise((resolve) => this.child.once("close", () => resolve()));
  }

  /** Whether it has said something that begins so. */
  has(word: string): boolean {
    return this.said.some((line) => line.startsWith(word));
  }

  #hear(line: string): void {
    const [word, rest = ""] = line.split(" ", 2);
    if (word === "role") this.role = rest;
    else if (word === "at") this.at = Number(rest);
    else this.said.push(line);
  }
}

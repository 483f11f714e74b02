/**
 * Processes that simulate seeds. They divide the seeds among themselves, and end when there are enough states.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { launcher } from "../../lib/runtimes.ts";
import type { WorkerReport } from "./worker.ts";

const WORKER = join(import.meta.dirname, "worker.ts");
/** A worker without a message for this long hangs. It normally sends one every hundred states. */
const SILENT_MS = 10 * 60 * 1000;
/** After this many unexpected ends, the other workers would end as well. */
const MOST_DEATHS = 5;

/** What a worker prints. */
export interface Report {
  readonly seed: number;
  /** Present when the seed is done. */
  readonly done?: unknown;
}

/** The work of a crew. */
export interface CrewOptions<R extends Report = WorkerReport> {
  readonly workers: number;
  readonly seed: number;
  /** The arguments after the seed and the step in a worker's command line. */
  readonly rest: readonly string[];
  /** The file of the worker. Tests use another one. */
  readonly file?: string;
  readonly silentMs?: number;
  readonly onReport: (report: R, worker: number) => void;
  /** Called when a worker ended, or hung, in the middle of a seed. */
  readonly onDeath: (problem: string, seed: number) => void;
}

/**
 * Runs workers. A worker that dies, or ends after a seed, is replaced. The new one continues after the seed of the old one.
 */
export class Crew<R extends Report = WorkerReport> {
  readonly #options: CrewOptions<R>;
  readonly #children: Set<ChildProcess> = new Set();
  #isOver = false;
  #deaths = 0;

  constructor(options: CrewOptions<R>) {
    this.#options = options;
  }

  /** Settles when all workers have ended. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.workers }, (_, index) => this.#work(index)));
  }

  /** Ends all workers. */
  end(): void {
    this.#isOver = true;
    for (const child of this.#children) child.kill("SIGKILL");
  }

  async #work(index: number): Promise<void> {
    const { workers, seed: first } = this.#options;
    for (let seed = first + index; !this.#isOver && this.#deaths < MOST_DEATHS; seed += workers)
      seed = await this.#runChild(index, seed);
  }

  /** Returns the seed that the child was simulating when it ended. */
  async #runChild(index: number, first: number): Promise<number> {
    const { workers, rest, onReport, onDeath, file = WORKER, silentMs = SILENT_MS } = this.#options;
    const [command, flags] = launcher("node");
    const child = spawn(command, [...flags, file, `${first}`, `${workers}`, ...rest], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.add(child);
    const exit = once(child, "exit");
    let seed = first;
    let isDone = false;
    let isHung = false;
    const hang = () => {
      isHung = true;
      child.kill("SIGKILL");
    };
    let silence = setTimeout(hang, silentMs);
    for await (const line of createInterface({ input: child.stdout })) {
      clearTimeout(silence);
      silence = setTimeout(hang, silentMs);
      const report = JSON.parse(line) as R;
      seed = report.seed;
      isDone = report.done !== undefined;
      if (!this.#isOver) onReport(report, index);
    }
    clearTimeout(silence);
    const [code, signal] = await exit;
    this.#children.delete(child);
    if (this.#isOver || (isDone && code === 0)) return seed;
    this.#deaths += 1;
    onDeath(isHung ? `a worker hung for ${silentMs / 1000} s` : `a worker ended with ${signal ?? code}`, seed);
    return seed;
  }
}

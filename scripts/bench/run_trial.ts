/**
 * Runs trials, each in a process of its own.
 *
 * @module
 */

import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../lib/run.ts";
import { launchOn } from "./launch.ts";
import { peerOf } from "./peers/index.ts";
import { SLED, STORES } from "./places.ts";
import type { Outcome, Result, Trial } from "./workload.ts";
import { workloadOf } from "./workloads/index.ts";

const TRIAL = join(import.meta.dirname, "trial.ts");
const LIMIT_MS = 300_000;

/** Runs trials in directories below `dist`. Removes the directories when it is disposed. */
export class Trials implements Disposable {
  readonly #loaded = new Map<string, Result>();

  constructor() {
    this[Symbol.dispose]();
    mkdirSync(STORES, { recursive: true });
  }

  /** Runs one trial. */
  async run(trial: Trial): Promise<Result> {
    if (workloadOf(trial.workload).reads && peerOf(trial.peer).kind === "store") {
      const directory = join(STORES, `${trial.peer.replaceAll(/\W/g, "_")}-${trial.entries}`);
      const failure = await this.#load(trial, directory);
      return failure instanceof Error ? failure : runTrial(trial, directory);
    }
    const directory = mkdtempSync(join(STORES, "trial-"));
    try {
      return await runTrial(trial, directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Loads the shared data of the workloads that read, once for all runtimes. So a store has the same files on each runtime. */
  async #load(trial: Trial, directory: string): Promise<Result> {
    if (!existsSync(directory)) {
      mkdirSync(directory);
      this.#loaded.set(directory, await runTrial({ ...trial, workload: "prepare" }, directory));
    }
    return this.#loaded.get(directory);
  }

  [Symbol.dispose](): void {
    rmSync(STORES, { recursive: true, force: true });
  }
}

async function runTrial(trial: Trial, directory: string): Promise<Result> {
  const [command, args] = commandOf(trial, directory);
  try {
    const { code, output } = await run(command, args, { limitMs: LIMIT_MS, quiet: true });
    const line = output.split("\n").find((each) => each.startsWith("outcome "));
    if (line === undefined) return new Error(reasonIn(output) || `exit code ${code}`);
    return (JSON.parse(line.slice("outcome ".length)) as Outcome | null) ?? undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function commandOf({ runtime, peer, workload, entries, seconds }: Trial, directory: string): [string, string[]] {
  if (peerOf(peer).program) return [SLED, [workload, String(entries), directory, String(seconds)]];
  return launchOn(runtime, TRIAL, peer, workload, String(entries), directory, String(seconds));
}

/** The line that says what went wrong. */
function reasonIn(output: string): string {
  const line = output.split("\n").find((each) => /error|panic/i.test(each));
  return (line ?? output).trim().slice(0, 200);
}

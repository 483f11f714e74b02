/**
 * One crash: starts a writer, kills it, opens its store and compares the content.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { delay } from "@std/async";
import { open } from "../../../mod.ts";
import { Random } from "../../lib/random.ts";
import { launcher, type Runtime } from "../../lib/runtimes.ts";
import type { Faults, Oracle } from "./oracle.ts";
import { killsWorker } from "./plan.ts";

const CHILD = join(import.meta.dirname, "child.ts");
/** The writer is killed at a random moment, at most this long after it opened its store. */
const LIFE_MS = 250;
/** The same after the first kill of the worker, where that is killed, too. */
const LIFE_WITH_WORKER_MS = 800;
/** A writer that has not opened its store by then is broken. */
const START_LIMIT_MS = 60_000;

/** The result of one crash. */
export interface CrashResult extends Faults {
  readonly acknowledged: number;
  /** The error of the open, if the store did not open. */
  readonly failedOpen?: unknown;
  readonly openMs: number;
  /** Jobs that workers did, and workers that were killed before their process. */
  readonly jobs: number;
  readonly workerKills: number;
}

/** Cuts the power of the machine together with the writer. */
export interface Power {
  /** From now on nothing reaches the disk. */
  cut(): void;
  /** Restores the state that had reached the disk. */
  restart(): void;
}

/**
 * Crashes a writer on `runtime` in the store at `path`. `seed` decides everything random. With `power`, cuts the power;
 * otherwise kills the writer.
 */
export async function crash(
  runtime: Runtime,
  path: string,
  seed: number,
  oracle: Oracle,
  power?: Power,
): Promise<CrashResult> {
  const random = new Random(seed);
  const writers = random.below(3) === 0 ? 16 : 1;
  const alone = writers === 1 && random.below(3) === 0 ? "sync" : "async";
  // In a third of the runs the worker of the store is killed, too. Such writes are not synced, so they do not survive a power cut.
  const form = killsWorker(seed) && !power ? "worker" : alone;
  const duringOpen = random.below(10) === 0 && form !== "worker";
  const { acknowledged, tried, jobs, workerKills } = await killedWriter(
    runtime,
    [path, `${seed}`, `${writers}`, form],
    {
      duringOpen,
      afterMs: random.below(duringOpen ? 60 : form === "worker" ? LIFE_WITH_WORKER_MS : LIFE_MS),
      after: form === "worker" ? "kill" : "open",
      power,
    },
  );
  power?.restart();
  const started = performance.now();
  try {
    // An owner that was killed while it created its lock file may have left it empty. Then the heartbeat decides, after 10 s.
    await using store = await open({ path, waitForLock: duringOpen ? 15_000 : 0 });
    const openMs = performance.now() - started;
    const faults = oracle.check(seed, writers, acknowledged, tried, await store.scan(""));
    return { ...faults, acknowledged: acknowledged.size, openMs, jobs, workerKills };
  } catch (failedOpen) {
    const none = { lost: 0, resurrected: 0, wrong: 0, openMs: 0 };
    return { ...none, acknowledged: acknowledged.size, failedOpen, jobs, workerKills };
  }
}

interface Kill {
  /** Whether the delay counts from the start of the process, and not from the moment its store is open. */
  readonly duringOpen: boolean;
  readonly afterMs: number;
  /** The report from which the delay counts. */
  readonly after: "open" | "kill";
  readonly power: Power | undefined;
}

interface Reports {
  readonly acknowledged: Set<number>;
  readonly tried: Set<number>;
  jobs: number;
  workerKills: number;
}

async function killedWriter(runtime: Runtime, args: readonly string[], kill: Kill): Promise<Reports> {
  const [command, flags] = launcher(runtime);
  const child = spawn(command, [...flags, CHILD, ...args], {
    stdio: ["ignore", "pipe", kill.power ? "ignore" : "inherit"],
  });
  const closed = once(child, "close");
  const guard = setTimeout(() => child.kill("SIGKILL"), START_LIMIT_MS);
  const killSoon = async () => {
    await delay(kill.afterMs);
    kill.power?.cut();
    child.kill("SIGKILL");
  };
  let killing = kill.duringOpen ? killSoon() : undefined;
  const reports: Reports = { acknowledged: new Set(), tried: new Set(), jobs: 0, workerKills: 0 };
  for await (const line of createInterface({ input: child.stdout })) {
    const [kind, number] = line.split(" ");
    if (kind === kill.after) killing ??= killSoon();
    if (kind === "try") reports.tried.add(Number(number));
    if (kind === "job") reports.jobs += 1;
    if (kind === "kill") reports.workerKills += 1;
    if (kind === "ack") reports.acknowledged.add(Number(number));
  }
  const [, signal] = (await closed) as [number | null, string | null];
  clearTimeout(guard);
  // After a power cut the writer may end with an error before it is killed.
  if (!killing || (signal !== "SIGKILL" && !kill.power))
    throw new Error(`The writer on ${runtime} ended by itself: ${args.join(" ")}`);
  await killing;
  return reports;
}

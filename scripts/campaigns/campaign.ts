/**
 * The common part of all campaigns: options, signals and the time limit, and the last line of output.
 *
 * @module
 */

import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { amount, natural, type Spec } from "../lib/options.ts";
import { Progress } from "../lib/progress.ts";

const MINUTE_MS = 60_000;
const SECOND_MS = 1000;

/** The options of every campaign. */
export const COMMON_OPTIONS: {
  readonly seed: Spec<number>;
  readonly minutes: Spec<number>;
  readonly progress: Spec<number>;
} = {
  seed: {
    ...natural("the seed of everything random", Date.now() % 1_000_000_000),
    shown: "a new one each time",
  },
  minutes: amount("the most minutes it runs", 1000),
  progress: amount("seconds between two lines of progress, if no terminal shows a bar", 30),
};

/** The settings of a campaign. */
export interface CampaignSettings {
  readonly seed: number;
  readonly minutes: number;
  readonly progress: number;
  /** The activity, such as "crashing". */
  readonly verb: string;
  /** How many items there are, and their name, such as "kills". */
  readonly total: number;
  readonly what: string;
  /** More text for each line of progress. */
  readonly detail?: () => string;
  /** Ends other processes. Called once when the time is over, or at a signal. */
  readonly onEnd?: () => void;
}

/**
 * A running campaign. It ends when everything is done, when its minutes are over, or at SIGINT or SIGTERM. Its exit
 * code is 0 without failures. It is 1 if it found a failure or was stopped by a signal.
 */
export class Campaign {
  readonly #settings: CampaignSettings;
  readonly #progress: Progress;
  readonly #deadline: NodeJS.Timeout;
  readonly #end: number;
  #failures = 0;
  #isStopped = false;
  #isEnded = false;

  constructor(settings: CampaignSettings) {
    this.#settings = settings;
    const { seed, minutes, progress, verb, total, what, detail } = settings;
    console.log(`seed ${seed}: ${total} ${what} to do`);
    this.#end = performance.now() + minutes * MINUTE_MS;
    this.#progress = new Progress(verb, total, { lineMs: progress * SECOND_MS, detail });
    // A timer can wait at most 24 days.
    this.#deadline = setTimeout(() => this.#endOthers(), Math.min(minutes * MINUTE_MS, 2 ** 31 - 1));
    // The signal may come twice: `timeout` signals the process, and then its group.
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        this.#isStopped = true;
        this.#endOthers();
      });
    }
  }

  /** Whether nothing new may begin: the time is over, or a signal came. */
  get isOver(): boolean {
    return this.#isStopped || performance.now() >= this.#end;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Reports that `done` items are done. Awaiting it lets signals in. */
  async update(done: number): Promise<void> {
    this.#progress.update(done);
    await setImmediate();
  }

  /** Prints a failure, and the command that repeats it, if there is one. */
  fail(problem: string, repeat?: string): void {
    this.#failures += 1;
    console.error(repeat === undefined ? problem : `${problem}\n  ${repeat}`);
  }

  /** Prints the last line. `did` says what the campaign has done. */
  finish(did: string): void {
    clearTimeout(this.#deadline);
    this.#progress.stop();
    const stopped = this.#isStopped ? ", stopped before its end" : "";
    console.log(`seed ${this.#settings.seed}: ${did}: ${this.#failures} failures${stopped}`);
    process.exitCode = this.#failures > 0 || this.#isStopped ? 1 : 0;
    process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
  }

  #endOthers(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#settings.onEnd?.();
  }
}

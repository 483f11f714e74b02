/**
 * What all campaigns have in common: their options, how they end, and the line that they end with.
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
    ...natural("what is random comes from this number", Date.now() % 1_000_000_000),
    shown: "a new one each time",
  },
  minutes: amount("ends after so many minutes, if it is not done before", 1000),
  progress: amount("seconds between two lines that say how far it is, where no terminal shows a bar", 30),
};

/** What a campaign is. */
export interface CampaignSettings {
  readonly seed: number;
  readonly minutes: number;
  readonly progress: number;
  /** What is done, such as "crashing". */
  readonly verb: string;
  /** How many there are to do, and of what, such as "kills". */
  readonly total: number;
  readonly what: string;
  /** More to say with each line of progress. */
  readonly detail?: () => string;
  /** Ends what runs beside this process: called once when the time is over, or at a signal. */
  readonly onEnd?: () => void;
}

/**
 * A campaign that runs. It ends when all is done, when its minutes are over, or at SIGINT or SIGTERM. Its exit code is 0 when it
 * found no failure, and 1 when it found one or was stopped by a signal.
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
    // A timer holds no more than 24 days.
    this.#deadline = setTimeout(() => this.#endOthers(), Math.min(minutes * MINUTE_MS, 2 ** 31 - 1));
    // More than once: `timeout` signals the process, and then its group.
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        this.#isStopped = true;
        this.#endOthers();
      });
    }
  }

  /** Whether nothing more is to be begun: the time is over, or a signal came. */
  get isOver(): boolean {
    return this.#isStopped || performance.now() >= this.#end;
  }

  get failures(): number {
    return this.#failures;
  }

  /** So many are done. Awaited, it lets signals in, too. */
  async update(done: number): Promise<void> {
    this.#progress.update(done);
    await setImmediate();
  }

  /** Prints a failure, with the command that repeats it where there is one. */
  fail(problem: string, repeat?: string): void {
    this.#failures += 1;
    console.error(repeat === undefined ? problem : `${problem}\n  ${repeat}`);
  }

  /** Prints the line that says it all; `did` is what was done. */
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

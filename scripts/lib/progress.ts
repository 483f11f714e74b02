/**
 * The progress of a long run: a bar on a terminal, otherwise a line from time to time.
 *
 * @module
 */

import process from "node:process";
import { Presets, SingleBar } from "cli-progress";

/** What a run prints besides the progress. */
export interface ProgressOptions {
  /** Milliseconds between two lines. Default: 30,000. */
  readonly lineMs?: number;
  /** More text for a line. */
  readonly detail?: (() => string) | undefined;
}

/** Shows the progress, see the module. Everything is printed to stderr. */
export class Progress {
  readonly #verb: string;
  readonly #total: number;
  readonly #lineMs: number;
  readonly #detail: (() => string) | undefined;
  readonly #bar: SingleBar | undefined;
  /** Shows the progress between two updates that are far apart. */
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #started = performance.now();
  #done = 0;
  #said = 0;

  /** `verb` is the activity, such as "damaging". */
  constructor(verb: string, total: number, { lineMs = 30_000, detail }: ProgressOptions = {}) {
    this.#verb = verb;
    this.#total = total;
    this.#lineMs = lineMs;
    this.#detail = detail;
    if (process.stderr.isTTY) {
      this.#bar = new SingleBar(
        { format: `${verb} {bar} {value}/{total}, {eta_formatted} left`, etaBuffer: 200 },
        Presets.shades_classic,
      );
      this.#bar.start(total, 0);
    } else {
      this.#timer = setInterval(() => this.#say(), Math.min(lineMs, 2 ** 31 - 1)).unref();
    }
  }

  /** `done` units are done. */
  update(done: number): void {
    this.#done = done;
    this.#bar?.update(Math.min(done, this.#total));
    if (!this.#bar) this.#say();
  }

  /** Stops the progress. */
  stop(): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
  }

  /** Prints a line, unless one was printed recently. */
  #say(): void {
    const ms = performance.now() - this.#started;
    if (ms - this.#said < 0.9 * this.#lineMs) return;
    this.#said = ms;
    const detail = this.#detail ? `; ${this.#detail()}` : "";
    console.error(`${this.#verb}: ${this.#done} of ${this.#total} after ${Math.round(ms / 1000)} s${detail}`);
  }
}

/**
 * How far a long run is: a bar on a terminal, a line now and then elsewhere.
 *
 * @module
 */

import process from "node:process";
import { Presets, SingleBar } from "cli-progress";

/** What a run says beside how much is done. */
export interface ProgressOptions {
  /** Milliseconds between two lines. Default: 30,000. */
  readonly lineMs?: number;
  /** More, for a line. */
  readonly detail?: (() => string) | undefined;
}

/** See the module; everything goes to stderr. */
export class Progress {
  readonly #verb: string;
  readonly #total: number;
  readonly #lineMs: number;
  readonly #detail: (() => string) | undefined;
  readonly #bar: SingleBar | undefined;
  /** For what is long between two updates. */
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #started = performance.now();
  #done = 0;
  #said = 0;

  /** `verb` is what is done, such as "damaging". */
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

  /** So many are done. */
  update(done: number): void {
    this.#done = done;
    this.#bar?.update(Math.min(done, this.#total));
    if (!this.#bar) this.#say();
  }

  /** No more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
  }

  /** A line, unless the last one was just said. */
  #say(): void {
    const ms = performance.now() - this.#started;
    if (ms - this.#said < 0.9 * this.#lineMs) return;
    this.#said = ms;
    const detail = this.#detail ? `; ${this.#detail()}` : "";
    console.error(`${this.#verb}: ${this.#done} of ${this.#total} after ${Math.round(ms / 1000)} s${detail}`);
  }
}

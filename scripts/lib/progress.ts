/**
 * How far a long run is: a bar on a terminal, a line now and then elsewhere.
 *
 * @module
 */

import process from "node:process";
import { Presets, SingleBar } from "cli-progress";

const LINE_MS = 30_000;

/** See the module; everything goes to stderr. */
export class Progress {
  readonly #verb: string;
  readonly #total: number;
  readonly #bar: SingleBar | undefined;
  readonly #started = performance.now();
  #said = 0;

  /** `verb` is what is done, such as "damaging". */
  constructor(verb: string, total: number) {
    this.#verb = verb;
    this.#total = total;
    if (!process.stderr.isTTY) return;
    this.#bar = new SingleBar(
      { format: `${verb} {bar} {value}/{total}, {eta_formatted} left` },
      Presets.shades_classic,
    );
    this.#bar.start(total, 0);
  }

  /** So many are done. */
  update(done: number): void {
    this.#bar?.update(done);
    const ms = performance.now() - this.#started;
    if (this.#bar || ms - this.#said < LINE_MS) return;
    this.#said = ms;
    console.error(`${this.#verb}: ${done} of ${this.#total} after ${Math.round(ms / 1000)} s`);
  }

  /** No more. */
  stop(): void {
    this.#bar?.stop();
  }
}

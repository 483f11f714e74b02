/**
 * Shows how far a run is: a bar on a terminal, lines elsewhere.
 *
 * @module
 */

import process from "node:process";
import { Presets, SingleBar } from "cli-progress";

/** Shows the progress of steps. */
export class Progress implements Disposable {
  readonly #bar: SingleBar;
  readonly #onTerminal = process.stderr.isTTY;

  constructor(title: string, total: number) {
    const format = `${title} {bar} {value}/{total}, {eta_formatted} left: {step}`;
    this.#bar = new SingleBar({ format, etaBuffer: 50 }, Presets.shades_classic);
    if (this.#onTerminal) this.#bar.start(total, 0, { step: "" });
  }

  /** Runs a step, and shows its name while it runs. */
  async during<T>(step: string, run: () => Promise<T>): Promise<T> {
    this.#bar.update({ step });
    const started = performance.now();
    const result = await run();
    this.#bar.increment();
    if (!this.#onTerminal) console.log(`${step}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return result;
  }

  [Symbol.dispose](): void {
    this.#bar.stop();
  }
}

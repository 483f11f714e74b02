/**
 * Tells waiting watches that there are new commits. It asks the server while somebody waits, once for all of them.
 *
 * @module
 */

import { clearTimeout, setTimeout, type Timer } from "../../clock.ts";
import { deferred, onAbort } from "../../promises.ts";

/** See the module. */
export class News {
  readonly #ask: () => Promise<number>;
  readonly #intervalMs: number;
  readonly #waiting: Set<{ readonly version: number; readonly wake: () => void }> = new Set();
  #known = 0;
  #timer: Timer | undefined;
  #isAsking = false;

  /** `ask` asks for the newest version. */
  constructor(ask: () => Promise<number>, intervalMs: number) {
    this.#ask = ask;
    this.#intervalMs = intervalMs;
  }

  /** Notes that the server has that version. */
  saw(version: number): void {
    if (version <= this.#known) return;
    this.#known = version;
    for (const each of this.#waiting) if (version > each.version) each.wake();
  }

  /** Settles when the newest version is above `version`. Rejects with the signal's reason, and with an error of asking. */
  async after(version: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#known > version) return;
    const { promise, resolve, reject } = deferred<void>();
    const waiting = { version, wake: resolve };
    const release = onAbort(signal, () => reject(signal.reason));
    this.#waiting.add(waiting);
    this.#next();
    try {
      await promise;
    } finally {
      release();
      this.#waiting.delete(waiting);
      if (this.#waiting.size === 0) this.#stop();
    }
  }

  #next(): void {
    if (this.#timer !== undefined || this.#isAsking) return;
    this.#timer = setTimeout(() => void this.#look(), this.#intervalMs);
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#isAsking = true;
    try {
      this.saw(await this.#ask());
    } catch {
      // Each watch asks for changes itself, and gets the error, or the changes.
      for (const each of this.#waiting) each.wake();
    } finally {
      this.#isAsking = false;
    }
    if (this.#waiting.size > 0) this.#next();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

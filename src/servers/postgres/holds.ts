/**
 * The versions that a client holds. The server knows the oldest one of each client, until a time: a client that died
 * holds nothing for long.
 *
 * The server keeps everything of the last time anyway, `history` milliseconds. So a hold of a version that was the newest
 * one a moment ago needs no call.
 *
 * @module
 */

import { clock } from "../../clock.ts";
import type { HeldVersion } from "../backend.ts";

/** A note of which version was the newest one, at a time. */
interface Mark {
  readonly at: number;
  readonly version: number;
}

/** See the module. */
export class Holds {
  readonly #historyMs: number;
  /** How many times each version is held. */
  readonly #held: Map<number, number> = new Map();
  #marks: Mark[] = [];

  constructor(historyMs: number) {
    this.#historyMs = historyMs;
  }

  /** The oldest held version; `undefined` without any. */
  get oldest(): number | undefined {
    return this.#held.size === 0 ? undefined : Math.min(...this.#held.keys());
  }

  /** Notes which version is the newest one now. */
  saw(version: number): void {
    const at = clock.monotonic();
    const last = this.#marks.at(-1);
    if (last && at - last.at < this.#historyMs / 10) return;
    this.#marks = [...this.#marks.filter((mark) => at - mark.at < this.#historyMs / 3), { at, version }];
  }

  /** Whether the server keeps a version for some time although nobody has told it to. */
  isFresh(version: number): boolean {
    const at = clock.monotonic();
    const mark = this.#marks.find((each) => at - each.at < this.#historyMs / 2);
    return mark !== undefined && version >= mark.version;
  }

  /** Holds a version until it is released. */
  hold(version: number): HeldVersion {
    this.#held.set(version, (this.#held.get(version) ?? 0) + 1);
    let isHeld = true;
    const release = () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#held.get(version) ?? 1) - 1;
      if (left === 0) this.#held.delete(version);
      else this.#held.set(version, left);
    };
    return { version, release };
  }
}

/**
 * What a store may hold after a crash: every acknowledged write, and of the others each one whole or absent.
 *
 * @module
 */

import { contentOf, keyOf, Plan, type Step } from "./plan.ts";

/** What went wrong, in numbers; all zero is what must be. */
export interface Faults {
  /** Acknowledged puts whose value is gone or older. */
  lost: number;
  /** Keys whose acknowledged deletion was undone. */
  resurrected: number;
  /** Values that nobody wrote. */
  wrong: number;
}

/** What the store is known to hold, over many crashes of one directory. */
export class Oracle {
  /** The last value known to be durable, `undefined` when there is none: all other keys were never written. */
  readonly #known = new Map<string, Uint8Array | undefined>();

  /**
   * Compares what a store holds after a run with the run's reports. Each key has one writer, which had at most one write
   * under way: its last acknowledged state, or the one that was being written, is all that may be there.
   */
  check(
    seed: number,
    writers: number,
    acknowledged: ReadonlySet<number>,
    tried: ReadonlySet<number>,
    found: Map<string, Uint8Array>,
  ): Faults {
    const faults: Faults = { lost: 0, resurrected: 0, wrong: 0 };
    const pending = new Map<string, Uint8Array | undefined>();
    for (let writer = 0; writer < writers; writer++)
      this.#replay(new Plan(seed, writer, writers), acknowledged, tried, pending);
    for (const key of new Set([...this.#known.keys(), ...pending.keys(), ...found.keys()])) {
      const value = found.get(key);
      const allowed = [this.#known.get(key), ...(pending.has(key) ? [pending.get(key)] : [])];
      if (!allowed.some((each) => same(each, value))) faults[faultOf(this.#known.get(key), value)] += 1;
      this.#known.set(key, value);
    }
    return faults;
  }

  #replay(
    plan: Plan,
    acknowledged: ReadonlySet<number>,
    tried: ReadonlySet<number>,
    pending: Map<string, Uint8Array | undefined>,
  ): void {
    for (let step = plan.next(); tried.has(step.number); step = plan.next()) {
      const value = resultOf(step);
      if (acknowledged.has(step.number)) this.#known.set(keyOf(step.key), value);
      else pending.set(keyOf(step.key), value);
    }
  }
}

function resultOf(step: Step): Uint8Array | undefined {
  return step.kind === "put" ? contentOf(step) : undefined;
}

function faultOf(known: Uint8Array | undefined, found: Uint8Array | undefined): keyof Faults {
  if (known === undefined) return "resurrected";
  return found === undefined ? "lost" : "wrong";
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}

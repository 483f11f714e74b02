/**
 * The allowed content of a store after a crash: every acknowledged write, and each other write whole or absent.
 *
 * @module
 */

import { contentOf, keyOf, Plan, type Step } from "./plan.ts";

/** The numbers of faults. All of them must be zero. */
export interface Faults {
  /** Acknowledged puts whose value is missing or older. */
  lost: number;
  /** Keys whose acknowledged deletion was undone. */
  resurrected: number;
  /** Values that no writer wrote. */
  wrong: number;
}

/** The known content of a store, over many crashes of one directory. */
export class Oracle {
  /** The last value known to be durable; `undefined` for none. Keys that are missing here were never written. */
  readonly #known = new Map<string, Uint8Array | undefined>();

  /**
   * Compares the content of a store after a run with the run's reports. Each key has one writer, which had at most one
   * write in progress. So a key must have its last acknowledged state, or the state that was being written.
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

/**
 * The keys that a group of requests writes.
 *
 * @module
 */

import { isInRange } from "../byte_range.ts";
import { keyOf, nameOf } from "../bytes.ts";
import { type AsyncOperation, type CommitRequest, isChange } from "./backend.ts";

/** The most pairs of a range and a key that one look compares. */
const MOST_LOOKS = 4096;

/** See the module. */
export class WrittenKeys {
  readonly #names: Set<string> = new Set();
  /** The keys of requests that may be refused. */
  readonly #uncertain: Set<string> = new Set();

  /** Adds the keys of a request. `names` are their names. */
  add({ checks, reads }: CommitRequest, names: readonly string[]): void {
    const isUncertain = checks.length > 0 || reads !== undefined;
    for (const name of names) {
      this.#names.add(name);
      if (isUncertain) this.#uncertain.add(name);
    }
  }

  /** Whether one of the keys is among them. */
  hasAny(names: readonly string[]): boolean {
    return this.#names.size > 0 && names.some((name) => this.#names.has(name));
  }

  /**
   * Whether the outcome of a request depends on one of the keys: by a check, a read, a deletion or a change. A backend decides a
   * group by what was there before it, so such a request goes into the next group.
   */
  concerns({ checks, reads, operations }: CommitRequest): boolean {
    if (this.#names.size === 0) return false;
    const has = (key: Uint8Array) => this.#names.has(nameOf(key));
    if (checks.some(({ key }) => has(key)) || reads?.keys.some(has)) return true;
    const isUncertain = (key: Uint8Array) => this.#uncertain.size > 0 && this.#uncertain.has(nameOf(key));
    const depends = (each: AsyncOperation) =>
      isChange(each) ? isUncertain(each.key) : each.value === undefined && has(each.key);
    if (operations.some(depends)) return true;
    const ranges = reads?.ranges ?? [];
    if (ranges.length === 0) return false;
    if (ranges.length * this.#names.size > MOST_LOOKS) return true;
    return Array.from(this.#names, keyOf).some((key) => ranges.some((range) => isInRange(range, key)));
  }
}

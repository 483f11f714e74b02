/**
 * The keys that a group of requests writes.
 *
 * @module
 */

import { isInRange } from "../byte_range.ts";
import { keyOf, nameOf } from "../bytes.ts";
import { type CommitRequest, isChange } from "./backend.ts";

/** The most pairs of a range and a key that one look compares. */
const MOST_LOOKS = 4096;

/** See the module. */
export class WrittenKeys {
  readonly #names: Set<string> = new Set();

  /** Adds the keys of a request, by their names. */
  add(names: readonly string[]): void {
    for (const name of names) this.#names.add(name);
  }

  /** Whether one of the keys is among them. */
  hasAny(names: readonly string[]): boolean {
    return this.#names.size > 0 && names.some((name) => this.#names.has(name));
  }

  /**
   * Whether the outcome of a request depends on one of the keys: by a check, a read or a deletion. A backend decides a
   * group by what was there before it, so such a request goes into the next group.
   */
  concerns({ checks, reads, operations }: CommitRequest): boolean {
    if (this.#names.size === 0) return false;
    const has = (key: Uint8Array) => this.#names.has(nameOf(key));
    if (checks.some(({ key }) => has(key)) || reads?.keys.some(has)) return true;
    if (operations.some((each) => !isChange(each) && each.value === undefined && has(each.key))) return true;
    const ranges = reads?.ranges ?? [];
    if (ranges.length === 0) return false;
    if (ranges.length * this.#names.size > MOST_LOOKS) return true;
    return Array.from(this.#names, keyOf).some((key) => ranges.some((range) => isInRange(range, key)));
  }
}

/**
 * The newest changes, in the order of the commits.
 *
 * @module
 */

import type { ChangePlace, StoredChange } from "../backend.ts";
import { compareBytes, NOTHING, sizeOf, sizeOfAll } from "../bytes.ts";

/** The most changes that are kept, and the most bytes of their keys and values. */
const MOST_CHANGES = 10_000;
const MOST_BYTES = 8 * 1024 * 1024;

/** A bounded list of changes. */
export class RecentChanges {
  #changes: StoredChange[] = [];
  #bytes = 0;
  #from: number;

  /** Starts after the version `from`. */
  constructor(from: number) {
    this.#from = from;
  }

  /** All changes after this version are here. */
  get from(): number {
    return this.#from;
  }

  /** Adds a change, which must not be older than the changes before it. */
  add(change: StoredChange): void {
    this.#changes.push(change);
    this.#bytes += sizeOf(change);
    if (this.#changes.length > MOST_CHANGES || this.#bytes > MOST_BYTES) this.#shorten();
  }

  /** The changes after a version. */
  after(version: number): Iterable<StoredChange> {
    return this.since({ version: version + 1, key: NOTHING });
  }

  /** The changes from a place, by version and then by key. */
  *since({ version, key }: ChangePlace): Generator<StoredChange> {
    let [low, high] = [0, this.#changes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const change = this.#changes[middle] as StoredChange;
      const isBefore = change.version < version || (change.version === version && compareBytes(change.key, key) < 0);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < this.#changes.length; i++) yield this.#changes[i] as StoredChange;
  }

  /** Drops the older half. */
  #shorten(): void {
    const dropped = this.#changes.splice(0, Math.ceil(this.#changes.length / 2));
    this.#from = dropped.at(-1)?.version ?? this.#from;
    // The list has all changes of a commit or none.
    while (this.#changes[0]?.version === this.#from) this.#changes.shift();
    this.#bytes = sizeOfAll(this.#changes);
  }
}

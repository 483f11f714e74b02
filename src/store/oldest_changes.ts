/**
 * Finds the oldest of many changes that arrive by key, in bounded memory.
 *
 * @module
 */

import type { ChangePage, StoredChange } from "../backend.ts";
import { NOTHING, withZero } from "../bytes.ts";

/**
 * The limits for the changes that are kept, and for the bytes of their keys. For a short time there may be twice as
 * many.
 */
const MOST_CHANGES = 4096;
const MOST_KEY_BYTES = 1024 * 1024;

/** Keeps the oldest changes, ordered by version, and within one version by key. */
export class OldestChanges {
  #changes: StoredChange[] = [];
  #keyBytes = 0;
  /** Changes of this version or a higher one are not taken. */
  #ceiling = Number.POSITIVE_INFINITY;
  /** The lowest version among the changes that were not taken. */
  #lowestLeft = Number.POSITIVE_INFINITY;

  /** Adds changes. Their keys are above all keys before, or they are lower versions of the last key. */
  add(changes: readonly StoredChange[]): void {
    for (const change of changes) {
      // At the version of the ceiling, the changes that are kept have lower keys than this one.
      if (change.version >= this.#ceiling) {
        this.#lowestLeft = Math.min(this.#lowestLeft, change.version);
        continue;
      }
      this.#changes.push(change);
      this.#keyBytes += change.key.length;
    }
    if (this.#changes.length > 2 * MOST_CHANGES || this.#keyBytes > 2 * MOST_KEY_BYTES) this.#cut();
  }

  /** The changes that are kept, and the position of the first one that is not. */
  page(): ChangePage {
    this.#cut();
    const changes = this.#changes;
    const last = changes.at(-1);
    if (!last || this.#lowestLeft === Number.POSITIVE_INFINITY) return { changes, next: undefined };
    const isWhole = this.#lowestLeft > last.version;
    const key = isWhole ? NOTHING : withZero(last.key);
    return { changes, next: { version: this.#lowestLeft, key } };
  }

  #cut(): void {
    // The changes arrived by key, and sorting is stable.
    this.#changes.sort((a, b) => a.version - b.version);
    let [count, keyBytes] = [0, 0];
    for (const { key } of this.#changes) {
      if (count === MOST_CHANGES || (count > 0 && keyBytes + key.length > MOST_KEY_BYTES)) break;
      count += 1;
      keyBytes += key.length;
    }
    const [left] = this.#changes.splice(count);
    if (!left) return;
    this.#keyBytes = keyBytes;
    this.#lowestLeft = Math.min(this.#lowestLeft, left.version);
    this.#ceiling = this.#changes.at(-1)?.version ?? this.#ceiling;
  }
}

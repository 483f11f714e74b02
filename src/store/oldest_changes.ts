/**
 * The oldest of many changes that come by key, in bounded memory.
 *
 * @module
 */

import type { ChangePage, StoredChange } from "../backend.ts";
import { NOTHING, withZero } from "../bytes.ts";

/** Changes that are kept at most, and bytes of their keys; twice as many for a while. */
const MOST_CHANGES = 4096;
const MOST_KEY_BYTES = 1024 * 1024;

/** Keeps the oldest changes, by version and within one by key. */
export class OldestChanges {
  #changes: StoredChange[] = [];
  #keyBytes = 0;
  /** From this version on nothing more is taken. */
  #ceiling = Number.POSITIVE_INFINITY;
  /** The lowest version of what was not taken. */
  #lowestLeft = Number.POSITIVE_INFINITY;

  /** Takes changes whose keys stand behind all before, or are lower versions of the last one. */
  add(changes: readonly StoredChange[]): void {
    for (const change of changes) {
      // Of the version at the ceiling those that are kept have lower keys.
      if (change.version >= this.#ceiling) {
        this.#lowestLeft = Math.min(this.#lowestLeft, change.version);
        continue;
      }
      this.#changes.push(change);
      this.#keyBytes += change.key.length;
    }
    if (this.#changes.length > 2 * MOST_CHANGES || this.#keyBytes > 2 * MOST_KEY_BYTES) this.#cut();
  }

  /** What is kept, and where what is not begins. */
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
    // They came by key, and sorting is stable.
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

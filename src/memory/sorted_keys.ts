/**
 * A sorted set of strings, in chunks. Adding, removing and iterating from any key are cheap.
 *
 * @module
 */

/** A longer chunk is split in half. */
const CHUNK_LENGTH = 1024;

/** Strings in the order of their code units. */
export class SortedKeys {
  /** No chunk is empty. */
  readonly #chunks: string[][] = [];

  /** The lowest key. */
  get first(): string | undefined {
    return this.#chunks[0]?.[0];
  }

  /** Adds a key. It must be absent. */
  add(key: string): void {
    const at = Math.max(0, this.#chunkOf(key));
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push([key]);
      return;
    }
    chunk.splice(firstAtLeast(chunk, key), 0, key);
    if (chunk.length > CHUNK_LENGTH) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_LENGTH / 2));
  }

  /** Removes a key. It must be present. */
  delete(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    const index = chunk ? firstAtLeast(chunk, key) : -1;
    if (chunk?.[index] !== key) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** Removes all keys. */
  clear(): void {
    this.#chunks.length = 0;
  }

  /** All keys at or above `start`. The set must not change during the iteration. */
  *from(start: string): Generator<string> {
    for (let i = Math.max(0, this.#chunkOf(start)); i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] ?? [];
      for (let j = firstAtLeast(chunk, start); j < chunk.length; j++) yield chunk[j] as string;
    }
  }

  /** All keys at or below `start`, or all keys without `start`, from the last to the first. The set must not change meanwhile. */
  *backFrom(start: string | undefined): Generator<string> {
    for (let i = start === undefined ? this.#chunks.length - 1 : this.#chunkOf(start); i >= 0; i--) {
      const chunk = this.#chunks[i] ?? [];
      for (let j = chunk.length - 1; j >= 0; j--) {
        const key = chunk[j] as string;
        if (start === undefined || key <= start) yield key;
      }
    }
  }

  /** The last chunk whose first key is not above `key`; -1 if there is none. */
  #chunkOf(key: string): number {
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.[0] ?? "") <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The index of the first string at or above `wanted`; the length if there is none. */
function firstAtLeast(sorted: readonly string[], wanted: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

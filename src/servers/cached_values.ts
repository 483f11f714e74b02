/**
 * Values by their keys, bounded by bytes. Those that were not read for the longest time are dropped.
 *
 * @module
 */

import type { StoredValue } from "../backend.ts";
import type { ScannedEntry } from "./backend.ts";

/** What an entry of a map and its numbers take, about. */
const BYTES_AN_ENTRY = 200;

/** The value of a key; `found` is `undefined` for a key without one. */
export interface CachedValue {
  readonly found: StoredValue | undefined;
}

/** See the module. */
export class CachedValues {
  readonly #maxBytes: number;
  /** By the names of keys, the one that was not read for the longest time first. */
  readonly #values: Map<string, CachedValue> = new Map();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#values.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The value at a time. Its bytes are those of the cache. */
  get(name: string, nowMs: number): CachedValue | undefined {
    const cached = this.#values.get(name);
    if (!cached) return undefined;
    if (hasExpired(cached.found, nowMs)) {
      this.delete(name);
      return undefined;
    }
    this.#values.delete(name);
    this.#values.set(name, cached);
    return cached;
  }

  /** Takes a value and owns its bytes. */
  set(name: string, found: StoredValue | undefined): void {
    this.delete(name);
    const bytes = bytesOf(name, found);
    if (bytes > this.#maxBytes) return;
    this.#values.set(name, { found });
    this.#bytes += bytes;
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
    }
  }

  /** Takes a change of a key that is there, and owns its bytes. */
  change(name: string, { value, version, expiresMs }: ScannedEntry): void {
    const cached = this.#values.get(name);
    if (!cached || (cached.found && cached.found.version >= version)) return;
    // A key without a value may have been written before it was read and found to have none.
    if (!cached.found || !value) this.delete(name);
    else this.#replace(name, { value: value as StoredValue["value"], version, expiresMs });
  }

  delete(name: string): void {
    const cached = this.#values.get(name);
    if (!cached) return;
    this.#values.delete(name);
    this.#bytes -= bytesOf(name, cached.found);
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
  }

  /** Keeps its place in the order. */
  #replace(name: string, found: StoredValue): void {
    const more = found.value.length - (this.#values.get(name)?.found?.value.length ?? 0);
    if (this.#bytes + more > this.#maxBytes) {
      this.delete(name);
      return;
    }
    this.#values.set(name, { found });
    this.#bytes += more;
  }
}

function bytesOf(name: string, found: StoredValue | undefined): number {
  return name.length + (found?.value.length ?? 0) + BYTES_AN_ENTRY;
}

function hasExpired(found: StoredValue | undefined, nowMs: number): boolean {
  return found !== undefined && found.expiresMs > 0 && found.expiresMs <= nowMs;
}

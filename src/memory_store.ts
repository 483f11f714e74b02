/**
 * A store that lives in memory: for tests, caches and as the model that {@linkcode SledStore} is held against.
 *
 * @module
 */

import { type Backend, BaseStore } from "./base_store.ts";

/**
 * A {@linkcode Store} that forgets everything when it is closed. It behaves as a `SledStore` in all but persistence:
 * the same methods, limits, order and errors. "Durable" means nothing here: a write is done when its promise settles.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("user/1", "Ada");
 * assert.deepEqual([...(await store.scan("user/")).keys()], ["user/1"]);
 * await store.close();
 * ```
 */
export class MemoryStore extends BaseStore {
  /** An empty store, open at once. */
  constructor() {
    super(new MemoryBackend(), { syncWrites: true, readOnly: false });
  }
}

/** Keys are held as strings of one character a byte: JavaScript orders those as their bytes. */
class MemoryBackend implements Backend {
  readonly #values = new Map<string, Uint8Array>();
  #sorted: string[] | undefined;

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(toBinary(key))?.slice();
  }

  has(key: Uint8Array): boolean {
    return this.#values.has(toBinary(key));
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const binary = toBinary(key);
    if (!this.#values.has(binary)) this.#sorted = undefined;
    this.#values.set(binary, Uint8Array.from(value));
  }

  delete(key: Uint8Array): void {
    if (this.#values.delete(toBinary(key))) this.#sorted = undefined;
  }

  *scan(prefix: Uint8Array): Generator<{ key: Uint8Array; value: Uint8Array }> {
    this.#sorted ??= [...this.#values.keys()].sort();
    const start = toBinary(prefix);
    for (let i = firstAtLeast(this.#sorted, start); i < this.#sorted.length; i++) {
      const binary = this.#sorted[i] ?? "";
      if (!binary.startsWith(start)) return;
      const value = this.#values.get(binary);
      if (value) yield { key: fromBinary(binary), value: value.slice() };
    }
  }

  readonly hasWork = false;

  step(): boolean {
    return false;
  }

  writeOut(): void {}

  flush(): void {}

  close(): void {
    this.#values.clear();
    this.#sorted = undefined;
  }

  abandon(): void {
    this.close();
  }
}

function toBinary(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return binary;
}

function fromBinary(binary: string): Uint8Array {
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function firstAtLeast(sorted: readonly string[], wanted: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

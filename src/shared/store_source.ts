/**
 * Reads of the store in its owner. Only the public methods of the store are used, because the package has this code in
 * a file of its own, where the parts of the module have other names.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { Reader, Snapshot } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { Counted, Page, StoredValue } from "../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../byte_range.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import type { HeldReadSource } from "../store/read_source.ts";
import { pageOf, recordsOf } from "./records.ts";
import { visibleRange } from "./reserved.ts";

/** See the module. */
export class StoreSource implements HeldReadSource {
  readonly #store: Store;
  readonly #reader: Reader;
  readonly #snapshot: Snapshot | undefined;

  /** With a snapshot, which {@linkcode StoreSource.release} releases, it reads that one. */
  constructor(store: Store, snapshot?: Snapshot) {
    this.#store = store;
    this.#reader = snapshot ?? store;
    this.#snapshot = snapshot;
  }

  get(key: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    return this.#reader.getSync(key);
  }

  entry(key: Uint8Array): StoredValue | undefined {
    const found = this.#reader.getEntrySync(key);
    return found && { value: found.value, version: found.version, expiresMs: found.expiresAt ?? 0 };
  }

  has(key: Uint8Array): boolean {
    return this.#reader.hasSync(key);
  }

  scan<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E> {
    const walk = recordsOf(this.#reader, range, visibleRange(range));
    const { keys, ...page } = pageOf(walk, range, range.pageBytes ?? LARGEST_PAGE_BYTES).page;
    walk.return?.();
    return { ...page, keys: keys.map((key) => formatKey(key, format)) };
  }

  count(range: ByteRange): Counted {
    return { count: this.#reader.countSync(visibleRange(range)), last: undefined };
  }

  hold(): HeldReadSource {
    return new StoreSource(this.#store, this.#store.snapshot(this.#snapshot && { version: this.#snapshot.version }));
  }

  release(): void {
    this.#snapshot?.dispose();
  }
}

/**
 * Parts of a store: the keys that start with a prefix.
 *
 * @module
 */

import type { RestoreResult } from "../api/backup.ts";
import type { Key } from "../api/keys.ts";
import type { Store } from "../api/store.ts";
import type { View, ViewOptions } from "../api/view.ts";
import { KeyedStore } from "./keyed_store.ts";
import type { OpenStore } from "./open_store.ts";
import { StoreView } from "./view.ts";
import { readViewOptions } from "./view_codecs.ts";

/** Options of a part: those of a view, or a prefix alone. */
type PartOptions<T, K, P> = ViewOptions<T, K, P> | { readonly prefix: Key };

/** The part of an open store that a view shows; with codecs, typed. Throws `TypeError` or `RangeError` for wrong options. */
export function viewOf<T, K, P>(opened: OpenStore, options: PartOptions<T, K, P>): View<T, K, P> | Store {
  const { prefix, codecs } = readViewOptions(options);
  const part = new StorePart({ ...opened, space: opened.space.within(prefix) });
  return codecs ? new StoreView(part, opened.core, codecs) : part;
}

/** A part of a store that is a store itself. What concerns the files does so for the whole store. */
class StorePart extends KeyedStore {
  readonly #opened: OpenStore;

  constructor(opened: OpenStore) {
    super(opened);
    this.#opened = opened;
  }

  view<T, K = Key, P = K>(options: ViewOptions<T, K, P>): View<T, K, P>;
  view(options: { readonly prefix: Key }): Store;
  view<T, K = Key, P = K>(options: PartOptions<T, K, P>): View<T, K, P> | Store {
    return viewOf(this.#opened, options);
  }

  backup(): ReadableStream<Uint8Array<ArrayBuffer>> {
    throw new TypeError("Cannot back up a part of a store: back up the whole store");
  }

  async restore(): Promise<RestoreResult> {
    throw new TypeError("Cannot restore a part of a store: restore the whole store");
  }

  /** Makes its writes durable. The store stays open, and so does the part. */
  async close(): Promise<void> {
    if (this.#opened.core.isAlive) await this.flush();
  }
}

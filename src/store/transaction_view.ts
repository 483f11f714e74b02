/**
 * Views in a transaction.
 *
 * @module
 */

import type { Key, Value } from "../api/keys.ts";
import type { TransactionView } from "../api/transaction.ts";
import type { ExpiryOptions } from "../api/writes.ts";
import type { KeySpace } from "../key_space.ts";
import type { BaseReader, OpenSource } from "./base_reader.ts";
import { ReadView } from "./read_view.ts";
import { ReaderPart } from "./reader_part.ts";
import type { StoreView } from "./view.ts";

/** The transaction that a view reads and writes. */
interface Writes {
  readonly open: OpenSource;
  putIn(space: KeySpace, key: Key, value: Value, options: ExpiryOptions | undefined): void;
  deleteIn(space: KeySpace, key: Key): void;
}

/** A {@linkcode TransactionView}. */
export class ViewInTransaction<T, K, P> extends ReadView<T, K, P> implements TransactionView<T, K, P> {
  readonly #transaction: Writes;
  readonly #view: StoreView<T, K, P>;

  /** `reader` reads the keys of the view in the transaction. */
  constructor(
    transaction: Writes,
    view: StoreView<T, K, P>,
    reader: BaseReader = new ReaderPart(transaction.open, view.space),
  ) {
    super(reader, view.codecs);
    this.#transaction = transaction;
    this.#view = view;
  }

  put(key: K, value: T, options?: ExpiryOptions): void {
    this.#transaction.putIn(this.#view.space, this.codecs.keyOf(key), this.codecs.encode(value), options);
  }

  delete(key: K): void {
    this.#transaction.deleteIn(this.#view.space, this.codecs.keyOf(key));
  }
}

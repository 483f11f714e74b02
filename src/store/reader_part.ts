/**
 * Views of a snapshot.
 *
 * @module
 */

import type { ViewReader } from "../api/view_reader.ts";
import { describe } from "../encoding.ts";
import type { KeySpace } from "../key_space.ts";
import { BaseReader, type OpenSource } from "./base_reader.ts";
import { ReadView } from "./read_view.ts";
import { StoreView } from "./view.ts";

/** Reads the keys of a space from the source of another reader. */
export class ReaderPart extends BaseReader {
  readonly open: OpenSource;

  constructor(open: OpenSource, space: KeySpace) {
    super(space);
    this.open = open;
  }
}

/** The same view; throws `TypeError` unless it is one of that store. */
export function checkView<T, K, P>(view: ViewReader<T, K, P>, store: object): StoreView<T, K, P> {
  if (view instanceof StoreView && view.isOf(store)) return view;
  throw new TypeError(`Cannot use ${describe(view)} as a view: expected one of the same store, with a codec`);
}

/** What the view shows of another source. */
export function readThrough<T, K, P>(view: StoreView<T, K, P>, open: OpenSource): ReadView<T, K, P> {
  return new ReadView(new ReaderPart(open, view.space), view.codecs);
}

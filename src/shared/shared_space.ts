/**
 * The keys of a shared store: all but those of the records of requests.
 *
 * @module
 */

import type { Key } from "../api/keys.ts";
import { KeySpace } from "../key_space.ts";
import { checkVisible } from "./reserved.ts";

/** As {@linkcode KeySpace}. Throws `RangeError` for a key of the shared store itself. */
export class SharedSpace extends KeySpace {
  override encode(key: Key): Uint8Array {
    const bytes = super.encode(key);
    checkVisible(bytes);
    return bytes;
  }

  override borrow(key: Key): Uint8Array {
    return this.encode(key);
  }

  override within(prefix: Key): SharedSpace {
    return new SharedSpace(this.bound(prefix));
  }
}

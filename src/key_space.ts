/**
 * The keys that callers use, in a store or in a part of one.
 *
 * @module
 */

import type { Key } from "./api/keys.ts";
import { concat, NOTHING } from "./bytes.ts";
import { borrowKey, checkKeyLength, encodeKey, encodePrefix } from "./encoding.ts";

/** Keys that begin with a prefix. Callers do not see the prefix. An empty prefix means all keys. */
export class KeySpace {
  readonly prefix: Uint8Array;

  constructor(prefix: Uint8Array = NOTHING) {
    this.prefix = prefix;
  }

  /** The bytes of a key. Throws `TypeError` or `RangeError` if the key is invalid. */
  encode(key: Key): Uint8Array {
    const bytes = encodeKey(key);
    return this.prefix.length === 0 ? bytes : this.#join(bytes);
  }

  /** As {@linkcode KeySpace.encode}, but the bytes are valid only until the next call: see {@linkcode borrowKey}. */
  borrow(key: Key): Uint8Array {
    return this.prefix.length === 0 ? borrowKey(key) : this.encode(key);
  }

  /** The bytes of a place between keys, which may be before all of them. */
  bound(key: Key): Uint8Array {
    return this.#join(encodePrefix(key));
  }

  /** The keys among these that begin with a further prefix. */
  within(prefix: Key): KeySpace {
    return new KeySpace(this.bound(prefix));
  }

  #join(bytes: Uint8Array): Uint8Array {
    checkKeyLength(this.prefix.length + bytes.length);
    return concat(this.prefix, bytes);
  }
}

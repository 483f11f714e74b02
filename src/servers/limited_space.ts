/**
 * The keys of a store over a server, which takes shorter ones than luge does.
 *
 * @module
 */

import type { Key } from "../api/keys.ts";
import { KeySpace } from "../key_space.ts";
import type { AsyncBackend } from "./backend.ts";

/** As {@linkcode KeySpace}. Throws `RangeError` for a key that the server cannot take. */
export class LimitedSpace extends KeySpace {
  readonly #backend: Pick<AsyncBackend, "name" | "limits">;

  constructor(backend: Pick<AsyncBackend, "name" | "limits">, prefix?: Uint8Array) {
    super(prefix);
    this.#backend = backend;
  }

  override encode(key: Key): Uint8Array {
    const bytes = super.encode(key);
    const { name, limits } = this.#backend;
    if (bytes.length <= limits.keyBytes) return bytes;
    throw new RangeError(`Cannot use a key of ${bytes.length} bytes: the limit of ${name} is ${limits.keyBytes}`);
  }

  override borrow(key: Key): Uint8Array {
    return this.encode(key);
  }

  override within(prefix: Key): LimitedSpace {
    return new LimitedSpace(this.#backend, this.bound(prefix));
  }
}

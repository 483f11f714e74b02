/**
 * The codecs of a view.
 *
 * @module
 */

import type { Key, KeyEncoding } from "../api/keys.ts";
import type { Codec, KeyCodec, ViewOptions } from "../api/view.ts";
import type { Page } from "../backend.ts";
import type { KeyFormat } from "../key_format.ts";
import type { KeySpace } from "../key_space.ts";
import { OptionNames, wrongType } from "../options.ts";

const VIEW_OPTIONS = new OptionNames<ViewOptions<unknown>>(
  { prefix: true, key: true, value: true, codec: true },
  { example: '{ prefix: "users/", value }' },
);

/** A key codec. `decode` takes the key as a page has it: bytes, or a string if the view has no key codec. */
type AnyKeys = Omit<KeyCodec<unknown>, "decode"> & { decode(key: unknown): unknown };

/** For a view without a key codec: its keys are strings or bytes. */
const AS_IT_IS = { encode: (key: unknown) => key, decode: (key: unknown) => key } as AnyKeys;

/** The options of a view. Without codecs it is a store. Throws `TypeError` for wrong ones. */
export function readViewOptions<T, K, P>(
  options: ViewOptions<T, K, P> | { readonly prefix: Key },
): { prefix: Key; codecs: ViewCodecs<T, K, P> | undefined } {
  const { prefix, key, value, codec } = VIEW_OPTIONS.read(options as ViewOptions<unknown>);
  if (value && codec) wrongType("codec", codec, "'value' alone");
  const isTyped = options && ["key", "value", "codec"].some((name) => name in options);
  if (!isTyped) return { prefix, codecs: undefined };
  return { prefix, codecs: new ViewCodecs(key as AnyKeys | undefined, (value ?? codec) as Codec<T>) };
}

/** How a view encodes keys and values. */
export class ViewCodecs<T, K, P> {
  readonly key: AnyKeys;
  readonly #value: Codec<T>;

  constructor(key: AnyKeys | undefined, value: Codec<T>) {
    this.#value = checkCodec("value", value);
    this.key = checkCodec("key", key ?? AS_IT_IS);
  }

  /** The key as a store takes it. */
  keyOf(key: K | P): Key {
    return this.key.encode(key);
  }

  encode(value: T): Uint8Array | string {
    return this.#value.encode(value);
  }

  decode(bytes: Uint8Array): T {
    return this.#value.decode(bytes);
  }

  /** The format of keys in a page: bytes for a key codec, otherwise strings. */
  formatIn({ prefix }: KeySpace): KeyFormat<KeyEncoding> {
    return { encoding: this.key === AS_IT_IS ? "utf8" : "bytes", strip: prefix.length, isShared: true };
  }

  /** The value of an entry of a page. */
  valueAt(page: Page<KeyEncoding>, index: number): T {
    page.decoded ??= this.#decodeMany(page.values);
    return index < page.decoded.length ? (page.decoded[index] as T) : this.decode(page.values[index] as Uint8Array);
  }

  /**
   * Returns no values if the codec has no `decodeMany`, or if `decodeMany` throws. Each value is then decoded when the caller
   * reaches it, and a wrong value throws there.
   */
  #decodeMany(values: readonly Uint8Array[]): T[] {
    try {
      return this.#value.decodeMany?.(values) ?? [];
    } catch {
      return [];
    }
  }
}

function checkCodec<C extends Codec<never> | AnyKeys>(name: string, codec: C | undefined): C {
  if (typeof codec?.encode === "function" && typeof codec.decode === "function") return codec;
  return wrongType(name, codec, "an object with encode and decode");
}

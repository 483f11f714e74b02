/**
 * Reads values from bytes: see format.ts. It does not trust the bytes. It allocates memory in proportion to them, whatever length
 * they claim. It runs no code and sets no prototype.
 *
 * @module
 */

import { hexOf, plainView } from "../../bytes.ts";
import { BytesReader } from "./bytes_reader.ts";
import { CLONE_VERSION, ERRORS, MAGIC, MAX_CLONE_DEPTH, Tag, VIEWS } from "./format.ts";

/** The largest length of an array. */
const MAX_ARRAY_LENGTH = 0xffff_ffff;
/** An array up to this length may allocate room for all its items. */
const SHORT_ARRAY = 16;

/** Reads one value. */
export class CloneReader {
  readonly #bytes: BytesReader;
  readonly #objects: object[] = [];
  readonly #keys: string[] = [];
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = new BytesReader(plainView(bytes));
  }

  /** The value. Throws `SyntaxError`. */
  read(): unknown {
    const bytes = this.#bytes;
    if (bytes.byte() !== MAGIC) bytes.fail("it does not begin as one");
    const version = bytes.byte();
    if (version !== CLONE_VERSION)
      bytes.fail(`it has version ${version}, and this release reads version ${CLONE_VERSION}`);
    const value = this.#value(bytes.byte());
    if (!bytes.isAtEnd) bytes.fail("it goes on behind its end");
    return value;
  }

  #value(tag: number): unknown {
    const bytes = this.#bytes;
    if (tag >= Tag.SMALL_INTEGER) return tag - Tag.SMALL_INTEGER;
    if (tag >= Tag.SHORT_TEXT) return bytes.text(tag - Tag.SHORT_TEXT);
    if (tag >= Tag.DATE) return this.#object(tag);
    switch (tag) {
      case Tag.UNDEFINED:
        return undefined;
      case Tag.NULL:
        return null;
      case Tag.FALSE:
        return false;
      case Tag.TRUE:
        return true;
      case Tag.INTEGER:
        return bytes.varint();
      case Tag.NEGATIVE:
        return -1 - bytes.varint();
      case Tag.DOUBLE:
        return bytes.double();
      case Tag.BIGINT:
        return this.#amount();
      case Tag.NEGATIVE_BIGINT:
        return -this.#amount();
      case Tag.TEXT:
        return bytes.text(bytes.varint());
      case Tag.WIDE_TEXT:
        return bytes.wideText(bytes.varint());
      case Tag.REF:
        return this.#objects[bytes.varint()] ?? bytes.fail("it names an object that is not there");
      default:
        return bytes.fail(`the tag ${tag} is not known`);
    }
  }

  #amount(): bigint {
    const digits = hexOf(this.#bytes.bytes());
    try {
      return BigInt(`0x0${digits}`);
    } catch (cause) {
      return this.#bytes.fail("a bigint is larger than this runtime has them", cause);
    }
  }

  #object(tag: number): unknown {
    if (++this.#depth > MAX_CLONE_DEPTH) this.#bytes.fail(`it has more than ${MAX_CLONE_DEPTH} levels`);
    const object = this.#readObject(tag);
    this.#depth -= 1;
    return object;
  }

  #readObject(tag: number): unknown {
    const bytes = this.#bytes;
    switch (tag) {
      case Tag.OBJECT:
        return this.#entries(this.#keep({} as Record<string, unknown>));
      case Tag.ARRAY:
        return this.#array();
      case Tag.SPARSE_ARRAY:
        return this.#sparseArray();
      case Tag.MAP: {
        const map = this.#keep(new Map<unknown, unknown>());
        for (let key = bytes.byte(); key !== Tag.END; key = bytes.byte()) map.set(this.#value(key), this.#next());
        return map;
      }
      case Tag.SET: {
        const set = this.#keep(new Set<unknown>());
        for (let item = bytes.byte(); item !== Tag.END; item = bytes.byte()) set.add(this.#value(item));
        return set;
      }
      case Tag.DATE:
        return this.#keep(new Date(bytes.double()));
      case Tag.REGEXP:
        return this.#regExp();
      case Tag.BOX: {
        // The writer numbers the box before its content. The content is never an object, so the numbers are the same.
        const boxed = this.#next();
        if (boxed === null || boxed === undefined || typeof boxed === "object")
          return bytes.fail("a box holds no primitive");
        return this.#keep(Object(boxed) as object);
      }
      case Tag.BUFFER:
        return this.#keep(bytes.bytes().slice().buffer);
      case Tag.VIEW:
        return this.#view();
      case Tag.ERROR:
        return this.#error();
      default:
        return bytes.fail(`the tag ${tag} is not known`);
    }
  }

  #next(): unknown {
    return this.#value(this.#bytes.byte());
  }

  #keep<T extends object>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  #array(): unknown[] {
    const length = this.#bytes.varint();
    // Each item takes at least one byte.
    if (length > this.#bytes.left) this.#bytes.fail("an array has more items than there are bytes");
    const array = this.#keep<unknown[]>([]);
    for (let i = 0; i < length; i++) array.push(this.#next());
    return array;
  }

  #sparseArray(): unknown[] {
    const length = this.#bytes.varint();
    if (length > MAX_ARRAY_LENGTH) this.#bytes.fail("an array is longer than arrays are");
    const array = this.#keep<unknown[]>([]);
    // Setting a length may allocate room for that many items. After an item at a very high index, the runtime uses a hash table.
    if (length > SHORT_ARRAY) array[MAX_ARRAY_LENGTH - 1] = undefined;
    array.length = length;
    return this.#entries(array as unknown as Record<string, unknown>, length) as unknown as unknown[];
  }

  /** Reads keys and values up to END. In an array, keys that are numbers are below its length. */
  #entries<T extends Record<string, unknown>>(object: T, length = 0): T {
    const bytes = this.#bytes;
    for (let tag = bytes.byte(); tag !== Tag.END; tag = bytes.byte()) {
      const key = this.#key(tag, Array.isArray(object), length);
      const value = this.#next();
      // An assignment to `__proto__` would set the prototype.
      if (key === "__proto__") defineOwn(object, key, value, true);
      else (object as Record<string | number, unknown>)[key] = value;
    }
    return object;
  }

  /** Reads a key: text, which is numbered, or an index below the length of an array. */
  #key(tag: number, isOfArray: boolean, length: number): string | number {
    const bytes = this.#bytes;
    const key = tag === Tag.KEY ? this.#keys[bytes.varint()] : this.#value(tag);
    if (typeof key === "number" && Number.isInteger(key) && key >= 0 && key < length) return key;
    if (typeof key !== "string") return bytes.fail("a key is neither text nor an index below the length");
    if (tag !== Tag.KEY) this.#keys.push(key);
    if (isOfArray && (key === "length" || isIndex(key))) return bytes.fail("an index is text");
    return key;
  }

  #regExp(): RegExp {
    const [source, flags] = [this.#next(), this.#next()];
    if (typeof source !== "string" || typeof flags !== "string") return this.#bytes.fail("an expression is no text");
    try {
      return this.#keep(new RegExp(source, flags));
    } catch (cause) {
      return this.#bytes.fail("an expression is wrong, or this runtime does not know it", cause);
    }
  }

  #view(): object {
    const name = VIEWS[this.#bytes.varint()] ?? this.#bytes.fail("the class of a view is not known");
    const View = (globalThis as { [Name in typeof name]?: new (buffer: ArrayBuffer) => object })[name];
    const { buffer } = this.#bytes.bytes().slice();
    if (!View) return this.#bytes.fail(`this runtime has no ${name}`);
    try {
      return this.#keep(new View(buffer));
    } catch (cause) {
      return this.#bytes.fail(`${buffer.byteLength} bytes are no ${name}`, cause);
    }
  }

  #error(): Error {
    const name = ERRORS[this.#bytes.varint()] ?? this.#bytes.fail("the class of an error is not known");
    const error = this.#keep(name === "AggregateError" ? new AggregateError([]) : new globalThis[name]());
    const fields = this.#entries({ __proto__: null } as Record<string, unknown>);
    for (const field of ["name", "message", "stack"]) {
      if (field in fields && typeof fields[field] !== "string") this.#bytes.fail(`the ${field} of an error is no text`);
    }
    if (!("stack" in fields)) defineOwn(error, "stack", undefined);
    for (const field of ["name", "message", "stack", "cause", "errors"]) {
      if (field in fields) defineOwn(error, field, fields[field]);
    }
    return error;
  }
}

function isIndex(key: string): boolean {
  const number = Number(key) >>> 0;
  return String(number) === key && number < MAX_ARRAY_LENGTH;
}

/** Defines an own property, even if the prototype has a setter for it. */
function defineOwn(object: object, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

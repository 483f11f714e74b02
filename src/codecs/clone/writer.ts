/**
 * Writes values as bytes: see format.ts.
 *
 * @module
 */

import { fromHex } from "../../bytes.ts";
import { describe } from "../../encoding.ts";
import { MAX_VALUE_BYTES } from "../../limits.ts";
import { BytesWriter } from "./bytes_writer.ts";
import { CloneError } from "./error.ts";
import { CLONE_VERSION, ERRORS, MAGIC, MAX_CLONE_DEPTH, Tag, VIEWS } from "./format.ts";
import { type Kind, kindOf } from "./kinds.ts";

/** The fields of an error that are stored, in this order. */
const ERROR_FIELDS = ["name", "message", "stack", "cause", "errors"] as const;
/** The fields that an error may inherit from its class. */
const INHERITED: ReadonlySet<string> = new Set(["name", "message", "stack"]);
const viewName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined;

/** Writes one value per call. */
export class CloneWriter {
  readonly #bytes: BytesWriter;
  readonly #objects = new Map<object, number>();
  readonly #keys = new Map<string, number>();
  /** The path to the current value, for error messages. */
  readonly #path: (string | number)[] = [];

  /** A value may have up to this many bytes. */
  constructor(mostBytes: number = MAX_VALUE_BYTES) {
    this.#bytes = new BytesWriter(mostBytes);
  }

  /** Returns the bytes of a value. Throws {@linkcode CloneError}, or `RangeError` if it is too large or too deep. */
  write(value: unknown): Uint8Array<ArrayBuffer> {
    try {
      this.#bytes.byte(MAGIC);
      this.#bytes.byte(CLONE_VERSION);
      this.#value(value);
      return this.#bytes.take();
    } finally {
      this.#bytes.clear();
      this.#objects.clear();
      this.#keys.clear();
      this.#path.length = 0;
    }
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.#bytes.text(value);
        break;
      case "number":
        this.#number(value);
        break;
      case "boolean":
        this.#bytes.byte(value ? Tag.TRUE : Tag.FALSE);
        break;
      case "undefined":
        this.#bytes.byte(Tag.UNDEFINED);
        break;
      case "bigint":
        this.#bigint(value);
        break;
      case "object":
        if (value === null) this.#bytes.byte(Tag.NULL);
        else this.#reference(value);
        break;
      default:
        this.#refuse(value);
    }
  }

  #number(value: number): void {
    const bytes = this.#bytes;
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      bytes.byte(Tag.DOUBLE);
      bytes.double(value);
    } else if (value < 0) {
      bytes.byte(Tag.NEGATIVE);
      bytes.varint(-1 - value);
    } else if (value < 0x80) {
      bytes.byte(Tag.SMALL_INTEGER + value);
    } else {
      bytes.byte(Tag.INTEGER);
      bytes.varint(value);
    }
  }

  #bigint(value: bigint): void {
    this.#bytes.byte(value < 0n ? Tag.NEGATIVE_BIGINT : Tag.BIGINT);
    const hex = (value < 0n ? -value : value).toString(16);
    this.#bytes.bytes(fromHex(hex.length % 2 === 0 ? hex : `0${hex}`));
  }

  #reference(object: object): void {
    const known = this.#objects.get(object);
    if (known !== undefined) {
      this.#bytes.byte(Tag.REF);
      this.#bytes.varint(known);
      return;
    }
    if (this.#path.length >= MAX_CLONE_DEPTH) {
      throw new RangeError(`Cannot clone a value of more than ${MAX_CLONE_DEPTH} levels`);
    }
    this.#objects.set(object, this.#objects.size);
    this.#object(object, kindOf(object));
  }

  #object(object: object, kind: Kind | undefined): void {
    const bytes = this.#bytes;
    switch (kind) {
      case "Object":
        bytes.byte(Tag.OBJECT);
        this.#entries(object as Record<string, unknown>, Object.keys(object));
        break;
      case "Array":
        this.#array(object as unknown[]);
        break;
      case "Map":
        bytes.byte(Tag.MAP);
        this.#items(
          [...Map.prototype.entries.call(object)].flat(),
          (i) => `<${i % 2 === 0 ? "key" : "value"} ${i >> 1}>`,
        );
        break;
      case "Set":
        bytes.byte(Tag.SET);
        this.#items([...Set.prototype.values.call(object)], (i) => `<item ${i}>`);
        break;
      case "Date":
        bytes.byte(Tag.DATE);
        bytes.double(Date.prototype.getTime.call(object));
        break;
      case "RegExp":
        bytes.byte(Tag.REGEXP);
        bytes.text((object as RegExp).source);
        bytes.text((object as RegExp).flags);
        break;
      case "Box":
        bytes.byte(Tag.BOX);
        this.#value(unbox(object));
        break;
      case "Error":
        this.#error(object as Error);
        break;
      case "ArrayBuffer":
      case "View":
        this.#binary(object as ArrayBuffer | ArrayBufferView);
        break;
      default:
        this.#refuse(object);
    }
  }

  #array(array: readonly unknown[]): void {
    const keys = Object.keys(array);
    const { length } = array;
    // `Object.keys` lists the indices first, in ascending order.
    if (keys.length === length && (length === 0 || keys[length - 1] === String(length - 1))) {
      this.#bytes.byte(Tag.ARRAY);
      this.#bytes.varint(length);
      for (let i = 0; i < length; i++) this.#at(i, array[i]);
    } else {
      this.#bytes.byte(Tag.SPARSE_ARRAY);
      this.#bytes.varint(length);
      this.#entries(array as unknown as Record<string, unknown>, keys, length);
    }
  }

  /** A property that a getter removes meanwhile is not written. In an array, keys below its length are written as indices. */
  #entries(object: Record<string, unknown>, keys: readonly string[], length = 0): void {
    for (const key of keys) {
      if (!Object.hasOwn(object, key)) continue;
      const index = length > 0 ? Number(key) : Number.NaN;
      if (Number.isInteger(index) && index >= 0 && index < length && String(index) === key) this.#number(index);
      else this.#key(key);
      this.#at(key, object[key]);
    }
    this.#bytes.byte(Tag.END);
  }

  #key(key: string): void {
    const known = this.#keys.get(key);
    if (known === undefined) {
      this.#keys.set(key, this.#keys.size);
      this.#bytes.text(key);
    } else {
      this.#bytes.byte(Tag.KEY);
      this.#bytes.varint(known);
    }
  }

  #items(items: readonly unknown[], place: (index: number) => string): void {
    for (const [i, item] of items.entries()) {
      this.#path.push(place(i));
      this.#value(item);
      this.#path.pop();
    }
    this.#bytes.byte(Tag.END);
  }

  #error(error: Error): void {
    const fields: Record<string, unknown> = {};
    for (const name of ERROR_FIELDS) {
      const value = (error as unknown as Record<string, unknown>)[name];
      // The inherited message is "", except in classes of the runtime such as DOMException.
      if (!Object.hasOwn(error, name) && (value === "" || !INHERITED.has(name))) continue;
      if (name === "cause" || name === "errors" || typeof value === "string") fields[name] = value;
    }
    const number = Math.max(
      0,
      ERRORS.findLastIndex((name) => error instanceof globalThis[name] || error.name === name),
    );
    if (fields.name === ERRORS[number]) delete fields.name;
    if (ERRORS[number] !== "AggregateError") delete fields.errors;
    this.#bytes.byte(Tag.ERROR);
    this.#bytes.varint(number);
    this.#entries(fields, Object.keys(fields));
  }

  /** Writes only the bytes of a view. The rest of its buffer may belong to other code. */
  #binary(binary: ArrayBuffer | ArrayBufferView): void {
    if (ArrayBuffer.isView(binary)) {
      const number = VIEWS.indexOf((viewName.call(binary) ?? "DataView") as (typeof VIEWS)[number]);
      if (number < 0) this.#refuse(binary);
      this.#bytes.byte(Tag.VIEW);
      this.#bytes.varint(number);
    } else {
      this.#bytes.byte(Tag.BUFFER);
    }
    this.#bytes.bytes(this.#shown(binary));
  }

  /** The bytes of a view or a buffer. */
  #shown(binary: ArrayBuffer | ArrayBufferView): Uint8Array {
    try {
      if (!ArrayBuffer.isView(binary)) return new Uint8Array(binary);
      return new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength);
    } catch (cause) {
      return this.#refuse(binary, "with a detached buffer ", cause);
    }
  }

  #at(place: string | number, value: unknown): void {
    if (typeof value === "object" && value !== null) {
      this.#path.push(place);
      this.#reference(value);
      this.#path.pop();
      return;
    }
    if (typeof value === "function" || typeof value === "symbol") this.#path.push(place);
    this.#value(value);
  }

  #refuse(value: unknown, why = "", cause?: unknown): never {
    const path = `value${this.#path.map(nameOf).join("")}`;
    const options = cause === undefined ? {} : { cause };
    throw new CloneError(`Cannot clone ${describe(value)} ${why}at ${path}`, path, options);
  }
}

function nameOf(place: string | number): string {
  if (typeof place === "number") return `[${place}]`;
  if (/^[A-Za-z_$][\w$]*$/.test(place)) return `.${place}`;
  return place.startsWith("<") ? place : `[${JSON.stringify(place)}]`;
}

function unbox(object: object): unknown {
  for (const { prototype } of [Boolean, Number, String, BigInt]) {
    try {
      return (prototype.valueOf as () => unknown).call(object);
    } catch {
      // Not a box of this class.
    }
  }
  return undefined;
}

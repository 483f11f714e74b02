/**
 * Makes entries of records: of the lines of CSV, the rows of a table, the objects of JSON.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { decode, shown } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import { checkedEntry, type Encodings, type Entry } from "../formats/entries.ts";
import { keyNumber } from "./json_numbers.ts";
import { filled, type Template } from "./template.ts";

/** A record. */
export interface Fields {
  /** The value of a column; `undefined` if there is none. */
  readonly get: (name: string) => unknown;
  /** The whole record as JSON, or a column that it has, with all digits of its numbers. */
  readonly json: (name?: string) => string;
}

/** How records become entries. */
export interface Mapping extends Encodings {
  /** The key: a template, or a column whose value it is. */
  readonly key: Template | string;
  /** The column whose value it is. Without it, the value is the whole record as JSON. */
  readonly valueColumn: string | undefined;
  /** What happens to a row whose value is null. */
  readonly nulls: "fail" | "skip";
  /** Stands before each key. */
  readonly prefix: Uint8Array;
}

const encoder = new TextEncoder();

/** The names of columns that a mapping uses. */
export function namesOf({ key, valueColumn }: Mapping): string[] {
  return [...(typeof key === "string" ? [key] : key.names), ...(valueColumn === undefined ? [] : [valueColumn])];
}

/** Throws if a mapping uses a column that does not exist. */
export function checkNames(mapping: Mapping, columns: readonly string[]): void {
  const unknown = namesOf(mapping).find((name) => !columns.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(`Unknown column ${shown(unknown)}: expected one of ${columns.join(", ")}`);
}

/** The entry of a record; `undefined` if the mapping leaves it out. */
export function entryOf(fields: Fields, mapping: Mapping): Entry | undefined {
  const key = concat([mapping.prefix, keyBytes(fields, mapping)]);
  const value = valueBytes(fields, mapping);
  return value === undefined ? undefined : checkedEntry(key, value, undefined);
}

function keyBytes(fields: Fields, { key, keys }: Mapping): Uint8Array {
  if (typeof key !== "string") {
    const text = filled(key, (name) => keyText(name, fields));
    return decode(text, keys, "key");
  }
  const value = fields.get(key);
  return value instanceof Uint8Array && value.length > 0 ? value : decode(keyText(key, fields), keys, "key");
}

function keyText(name: string, fields: Fields): string {
  const value = fields.get(name);
  switch (typeof value) {
    case "string":
      if (value !== "") return value;
      break;
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      return keyNumber(name, fields.json(name));
  }
  throw new UsageError(
    `Wrong ${name} ${describe(name, fields)} in a key: expected text that is not empty, or a number`,
  );
}

function valueBytes(fields: Fields, { valueColumn: name, values, nulls }: Mapping): Uint8Array | undefined {
  if (name === undefined) return encoder.encode(fields.json());
  const value = fields.get(name);
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return decode(value, values, "value");
  if (value === null && nulls === "skip") return undefined;
  if (value === null) throw new UsageError(`Wrong ${name} null: expected a value; --nulls skip leaves such rows out`);
  if (value === undefined) throw new UsageError(`Unknown ${name}: expected a value`);
  return encoder.encode(fields.json(name));
}

function describe(name: string, fields: Fields): string {
  const value = fields.get(name);
  if (value instanceof Uint8Array) return `of ${value.length} bytes`;
  if (value === undefined) return "'undefined'";
  return shown(fields.json(name));
}

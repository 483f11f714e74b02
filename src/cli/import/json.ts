/**
 * Rows of JSON: the elements of an array, or one value a line.
 *
 * @module
 */

import { shown } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import { decodeText, readLines } from "../formats/lines.ts";
import { ElementSplitter } from "./json_elements.ts";
import { entryOf, type Fields, type Mapping } from "./mapping.ts";
import { atPlace, type Row, type Rows } from "./rows.ts";

/** The elements of an array. */
export async function* jsonArrayRows(bytes: AsyncIterable<Uint8Array>, mapping: Mapping): Rows {
  const splitter = new ElementSplitter();
  for await (const piece of decodeText(bytes)) {
    for (const { text, line, row } of splitter.read(piece)) yield rowOf(`Line ${line}, row ${row}`, text, mapping);
  }
  splitter.end();
}

/** The lines, but for empty ones. */
export async function* jsonLineRows(bytes: AsyncIterable<Uint8Array>, mapping: Mapping): Rows {
  let number = 0;
  for await (const line of readLines(bytes)) {
    number += 1;
    if (line.trim() !== "") yield rowOf(`Line ${number}`, line, mapping);
  }
}

function rowOf(place: string, text: string, mapping: Mapping): Row {
  return { place, toEntry: () => atPlace(place, () => entryOf(fieldsOf(text), mapping)) };
}

function fieldsOf(text: string): Fields {
  const object = parseObject(text);
  return { get: (name) => exact(name, at(object, name)), json: () => withoutSpaces(text) };
}

function parseObject(text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UsageError(`Wrong input ${shown(text)}: expected JSON`);
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new UsageError(`Wrong input ${shown(text)}: expected an object`);
}

/** The field with this name, or else the one at the path `name.inner`. */
function at(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, name)) return (value as { readonly [name: string]: unknown })[name];
  const dot = name.indexOf(".");
  return dot < 0
    ? undefined
    : at((value as { readonly [name: string]: unknown })[name.slice(0, dot)], name.slice(dot + 1));
}

/** The value. Throws if it has a number that JavaScript rounds or does not have, since another one would be stored. */
function exact(name: string, value: unknown): unknown {
  // A loop, since JSON may be nested deeper than the stack.
  for (let level = [value]; level.length > 0; ) {
    const inner: unknown[] = [];
    for (const part of level) {
      if (typeof part === "number") checkNumber(name, part);
      else if (typeof part === "object" && part !== null) for (const each of Object.values(part)) inner.push(each);
    }
    level = inner;
  }
  return value;
}

function checkNumber(name: string, value: number): void {
  if (!Number.isFinite(value)) throw new UsageError(`Wrong ${name} ${value}: expected a number up to 1.8e308, or text`);
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return;
  throw new UsageError(`Wrong ${name} ${value}: expected an integer up to ${Number.MAX_SAFE_INTEGER}, or text`);
}

/** The text as it is, with all digits, but without the spaces between its tokens. */
function withoutSpaces(text: string): string {
  for (const element of new ElementSplitter().read(`[${text}]`)) return element.text;
  return text;
}

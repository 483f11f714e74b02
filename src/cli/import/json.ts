/**
 * Rows of JSON: the elements of an array, or one value a line.
 *
 * @module
 */

import { shown } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import { decodeText, readLines } from "../formats/lines.ts";
import { ElementSplitter } from "./json_elements.ts";
import { type Members, membersOf, sourceAt } from "./json_numbers.ts";
import { entryOf, type Fields, type Mapping } from "./mapping.ts";
import { atPlace, type Row, type Rows } from "./rows.ts";

/** Finds numbers that may not be written as JavaScript writes a safe integer. Without them no text needs to be split. */
const NO_SHORT_INTEGER = /\d[.eE]|\d{17}|-0/;

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
  let members: Members | undefined;
  return {
    get: (name) => at(object, name),
    json: (name) => {
      if (name === undefined) return withoutSpaces(text);
      const value = at(object, name);
      if (Number.isSafeInteger(value) && !NO_SHORT_INTEGER.test(text)) return String(value);
      members ??= membersOf(text);
      // What an array has beside its elements, such as its length, is not in the text.
      return sourceAt(members, name) ?? JSON.stringify(value);
    },
  };
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

/** The text as it is, with all digits, but without the spaces between its tokens. */
function withoutSpaces(text: string): string {
  for (const element of new ElementSplitter().read(`[${text}]`)) return element.text;
  return text;
}

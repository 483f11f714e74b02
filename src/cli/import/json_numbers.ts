/**
 * Numbers of JSON with all their digits. `JSON.parse` rounds them to doubles.
 *
 * @module
 */

import { shown } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import { ElementSplitter } from "./json_elements.ts";

/** The longest number that is compared digit by digit. A double has 17 digits, and up to 308 zeros. */
const MAX_COMPARED = 400;

/**
 * The text of a number for a key: all digits of an integer, or else what JavaScript writes. Throws `UsageError` for a
 * number that JavaScript rounds, since another one would be the key.
 */
export function keyNumber(name: string, source: string): string {
  if (source === "-0") return "0";
  if (/^-?\d+$/.test(source)) return source;
  const value = Number(source);
  const isExact = source.length <= MAX_COMPARED && canonical(source) === canonical(String(value));
  if (isExact && (!Number.isInteger(value) || Number.isSafeInteger(value))) return String(value);
  throw new UsageError(
    `Wrong ${name} ${shown(source)} in a key: expected an integer, a number that a double keeps, or text`,
  );
}

/** The digits and the exponent of a number, which are the same however it is written. */
function canonical(number: string): string | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number);
  if (parts === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = parts;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

/** The text of the field with a name, or else of the one at a path, as `at` in json.ts finds the field. */
export function sourceAt(members: Members, name: string): string | undefined {
  const dot = name.indexOf(".");
  const inner = dot < 0 ? undefined : members.get(name.slice(0, dot));
  return members.get(name) ?? (inner === undefined ? undefined : sourceAt(membersOf(inner), name.slice(dot + 1)));
}

/** The texts of the fields of an object, or of the elements of an array, without spaces. */
export type Members = ReadonlyMap<string, string>;

/** The members of JSON. Of fields with one name the last counts. */
export function membersOf(text: string): Members {
  const members = new Map<string, string>();
  const trimmed = text.trim();
  const isObject = trimmed.startsWith("{");
  if (!isObject && !trimmed.startsWith("[")) return members;
  for (const { text: member, row } of new ElementSplitter().read(`[${trimmed.slice(1, -1)}]`)) {
    const colon = isObject ? endOfString(member) : 0;
    if (isObject) members.set(JSON.parse(member.slice(0, colon)), member.slice(colon + 1));
    else members.set(String(row - 1), member);
  }
  return members;
}

/** Where the string ends with which a text begins. */
function endOfString(text: string): number {
  let end = 1;
  while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  return end + 1;
}

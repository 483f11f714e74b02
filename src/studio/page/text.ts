/**
 * Bytes, numbers and times as text.
 *
 * @module
 */

import { fromHex, hexOf } from "../../bytes.ts";
import { fromBase64 } from "../bytes_text.ts";
import { START_BYTES } from "../rows.ts";
import { shownPart, tupleOf } from "../tree.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The bytes of base64 that the server sent; none for `undefined`. */
export function bytesOf(base64: string | undefined): Uint8Array<ArrayBuffer> {
  return fromBase64(base64 ?? "") ?? new Uint8Array();
}

/** The text of bytes, or `undefined` if they are not UTF-8. */
export function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The UTF-8 bytes of a text. */
export function utf8Bytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>;
}

/** The bytes of hex, with or without spaces; `undefined` if it is none. */
export function hexBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  const digits = text.replace(/\s+/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) return undefined;
  return fromHex(digits);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: this expression makes control characters visible
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text with invisible characters made visible: they could hide or turn around what follows. */
export function visible(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A key as people read it: a tuple, a text, or hex. */
export function keyText(key: Uint8Array, asTuple: boolean): string {
  if (asTuple) {
    const tuple = tupleOf(key);
    if (tuple) return `(${tuple.map(shownPart).join(", ")})`;
  }
  const text = utf8Of(key);
  return text === undefined ? `0x${hexOf(key)}` : visible(text);
}

/** The first bytes of a value in one line. */
export function startText(bytes: Uint8Array): string {
  // The last character of a long value may be cut.
  const most = bytes.length >= START_BYTES ? 3 : 0;
  for (let cut = 0; cut <= most; cut++) {
    const text = utf8Of(bytes.subarray(0, bytes.length - cut));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: text with these is binary
    if (text !== undefined && !/[\u0000-\u0008\u000e-\u001f]/.test(text)) return visible(text.replace(/\s+/g, " "));
  }
  return `0x${hexOf(bytes.subarray(0, 60))}`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** A number of bytes, such as `1.2 MB`. */
export function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

/** A number with its thousands apart. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en");
}

/** How long something still lives. */
export function leftText(expiresAt: number, now: number): string {
  const seconds = Math.ceil((expiresAt - now) / 1000);
  if (seconds <= 0) return "expired";
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const from = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(from, from + 2)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(" ");
}

/** A time, in milliseconds since 1970, in UTC. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}

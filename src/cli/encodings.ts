/**
 * Bytes as text, hex or base64. Decoding is strict: it refuses wrong input, so no byte is lost on the way back.
 *
 * @module
 */

import { UsageError } from "./exit_codes.ts";

/** The encodings of bytes. */
export const ENCODINGS = ["text", "hex", "base64"] as const;

/** One of {@linkcode ENCODINGS}. */
export type Encoding = (typeof ENCODINGS)[number];

/**
 * Bytes in JSON: a string in the encoding. Bytes that should be text but are not UTF-8 become an object with base64.
 */
export type JsonBytes = string | { readonly base64: string };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
// These find one character. An expression that repeats a group overflows the stack on a few MiB.
const NOT_HEX = /[^0-9a-f]/i;
const NOT_BASE64 = /[^A-Za-z0-9+/]/;

/** The bytes of `text`. Errors use the name `what`. */
export function decode(text: string, encoding: Encoding, what: string): Uint8Array {
  if (encoding === "text") {
    if (text.isWellFormed()) return encoder.encode(text);
    throw new UsageError(`Wrong ${what} ${shown(text)}: expected text, got a lone surrogate`);
  }
  if (!(encoding === "hex" ? isHex : isBase64)(text)) {
    const expected = encoding === "hex" ? "hex, an even number of digits 0-9 and a-f" : "base64, padded";
    throw new UsageError(`Wrong ${what} ${shown(text)}: expected ${expected}`);
  }
  return new Uint8Array(Buffer.from(text, encoding));
}

function isHex(text: string): boolean {
  return text.length % 2 === 0 && !NOT_HEX.test(text);
}

function isBase64(text: string): boolean {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return text.length % 4 === 0 && !NOT_BASE64.test(text.slice(0, text.length - padding));
}

/** Bytes in an encoding; `undefined` if the encoding is text and the bytes are not UTF-8. */
export function encode(bytes: Uint8Array, encoding: Encoding): string | undefined {
  if (encoding === "text") return decodeText(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}

/** Bytes for one line of a terminal or a pipe. In text, characters that would break the line are escaped as in C. */
export function encodeForLine(bytes: Uint8Array, encoding: Encoding): string {
  if (encoding !== "text") return encode(bytes, encoding) ?? "";
  const text = decodeText(bytes);
  return text === undefined ? escapeBytes(bytes) : escapeText(text);
}

/** Bytes for JSON. */
export function encodeForJson(bytes: Uint8Array, encoding: Encoding): JsonBytes {
  return encode(bytes, encoding) ?? { base64: encode(bytes, "base64") ?? "" };
}

/** The bytes of a result of {@linkcode encodeForJson}. Errors use the name `what`. */
export function decodeFromJson(json: unknown, encoding: Encoding, what: string): Uint8Array {
  if (typeof json === "string") return decode(json, encoding, what);
  const names = typeof json === "object" && json !== null ? Object.keys(json) : [];
  const base64 = names.length === 1 ? (json as { base64?: unknown }).base64 : undefined;
  if (typeof base64 === "string") return decode(base64, "base64", what);
  throw new UsageError(
    `Wrong ${what} ${shown(JSON.stringify(json) ?? "undefined")}: expected a string or {"base64": …}`,
  );
}

/** A value for a message: quoted, and short. */
export function shown(text: string): string {
  return text.length > 60 ? `'${text.slice(0, 60)}…'` : `'${text}'`;
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const SHORT: { readonly [character: string]: string } = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const hexOf = (byte: number) => `\\x${byte.toString(16).padStart(2, "0")}`;

function escapeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this expression escapes control characters
  return text.replace(/[\\\x00-\x1f\x7f]/g, (character) => SHORT[character] ?? hexOf(character.charCodeAt(0)));
}

function escapeBytes(bytes: Uint8Array): string {
  const isPlain = (byte: number) => byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
  return Array.from(bytes, (byte) => (isPlain(byte) ? String.fromCharCode(byte) : hexOf(byte))).join("");
}

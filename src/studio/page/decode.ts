/**
 * What a value may be, judged by its bytes.
 *
 * @module
 */

import { messagePackCodec } from "../../codecs/messagepack/mod.ts";
import { cloneCodec } from "../../codecs/mod.ts";
import { utf8Of } from "./text.ts";

/** The ways to show a value. */
export const FORMATS = ["text", "json", "hex", "messagepack", "clone", "image"] as const;

/** One of {@linkcode FORMATS}. */
export type Format = (typeof FORMATS)[number];

/** The names of the formats. */
export const FORMAT_NAMES: Readonly<Record<Format, string>> = {
  text: "Text",
  json: "JSON",
  hex: "Hex",
  messagepack: "MessagePack",
  clone: "Structured clone",
  image: "Image",
};

/** The first bytes of images that browsers draw as pixels. SVG is none: it is a document, with scripts and links. */
const IMAGES: readonly (readonly [type: string, start: readonly number[], at?: number])[] = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
  ["image/webp", [0x57, 0x45, 0x42, 0x50], 8],
];

/** The type of an image of pixels; `undefined` for all other bytes. */
export function imageType(bytes: Uint8Array): string | undefined {
  const found = IMAGES.find(([, start, at = 0]) => start.every((byte, i) => bytes[at + i] === byte));
  if (found?.[0] === "image/webp" && !(bytes[0] === 0x52 && bytes[1] === 0x49)) return undefined;
  return found?.[0];
}

/** The value that bytes encode. Throws if they do not. */
export function decoded(bytes: Uint8Array, format: "json" | "messagepack" | "clone"): unknown {
  if (format === "messagepack") return messagePackCodec().decode(bytes);
  if (format === "clone") return cloneCodec().decode(bytes);
  const text = utf8Of(bytes);
  if (text === undefined) throw new SyntaxError("The value is not UTF-8, so it is no JSON");
  return JSON.parse(text) as unknown;
}

/** The way that shows most of a value. */
export function bestFormat(bytes: Uint8Array): Format {
  if (imageType(bytes)) return "image";
  const text = utf8Of(bytes);
  if (text !== undefined && /^\s*[[{"]/.test(text) && canDecode(bytes, "json")) return "json";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: text with these is binary
  if (text !== undefined && !/[\u0000-\u0008\u000e-\u001f]/.test(text)) return "text";
  if (canDecode(bytes, "clone")) return "clone";
  return bytes.length > 1 && canDecode(bytes, "messagepack") ? "messagepack" : "hex";
}

function canDecode(bytes: Uint8Array, format: "json" | "messagepack" | "clone"): boolean {
  try {
    decoded(bytes, format);
    return true;
  } catch {
    return false;
  }
}

/**
 * Bytes as text, for the server and the page.
 *
 * @module
 */

import { ofBase64 } from "../base64.ts";
import { hexOf } from "../bytes.ts";

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes of base64, or `undefined` if it is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  return text.length % 4 === 0 && BASE64.test(text) ? ofBase64(text) : undefined;
}

/** Bytes as pairs of digits, with spaces between them. */
export function spacedHex(bytes: Uint8Array): string {
  return hexOf(bytes).replace(/..\B/g, "$& ");
}

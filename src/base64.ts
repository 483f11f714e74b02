/**
 * Bytes as base64, for JSON.
 *
 * @module
 */

import { keyOf, nameOf } from "./bytes.ts";

/** What newer runtimes have for it. */
interface Base64Bytes {
  toBase64?: () => string;
}
interface Base64Class {
  fromBase64?: (text: string) => Uint8Array<ArrayBuffer>;
}

const { fromBase64 } = Uint8Array as Base64Class;

/** The base64 of some bytes. */
export function toBase64(bytes: Uint8Array): string {
  const encode = (bytes as Base64Bytes).toBase64;
  return encode ? encode.call(bytes) : btoa(nameOf(bytes));
}

/** The bytes of a text that is base64. `undefined` is no bytes: etcd leaves out a field without bytes. */
export function ofBase64(text: string | undefined): Uint8Array<ArrayBuffer> {
  if (text === undefined) return new Uint8Array(0);
  return fromBase64 ? fromBase64.call(Uint8Array, text) : keyOf(atob(text));
}

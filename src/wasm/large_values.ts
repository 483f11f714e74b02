/**
 * Passes large values in parts, so that neither side has them in memory twice.
 *
 * @module
 */

import type { RestoredChange } from "../backend.ts";
import { clock } from "../clock.ts";
import type { EngineCall, EngineCalls } from "./calls.ts";
import { Status } from "./interface.ts";

/** Bytes of a part. Larger values are passed in parts. */
export const PART_BYTES: number = 1024 * 1024;

/** Puts a large value. */
export function putLarge(calls: EngineCalls, key: Uint8Array, value: Uint8Array, expiresMs: number): void {
  const { length } = value;
  calls.memory.request(key, undefined);
  calls.run("write", (exports) => exports.luge_begin_put(key.length, length, expiresMs, clock.now()));
  putParts(calls, value);
}

/** Restores an entry with a large value, unless it exists already. */
export function restoreLarge(calls: EngineCalls, { key, version, expiresMs }: RestoredChange, value: Uint8Array): void {
  const { length } = value;
  calls.memory.request(key, undefined);
  const begin: EngineCall = (exports) =>
    exports.luge_begin_restored_put(key.length, length, expiresMs, version, clock.now());
  if (calls.run("restore", begin) === Status.Ok) putParts(calls, value);
}

/** Reads the value after a call that returned its length. */
export function readLarge(calls: EngineCalls, length: number): Uint8Array<ArrayBuffer> {
  const value = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    calls.run("read", (exports) => exports.luge_read_part(PART_BYTES));
    at += calls.memory.replyInto(value, at);
  }
  return value;
}

function putParts(calls: EngineCalls, value: Uint8Array): void {
  for (let at = 0; at < value.length; at += PART_BYTES) {
    const part = value.subarray(at, at + PART_BYTES);
    calls.memory.request(part, undefined);
    calls.run("write", (exports) => exports.luge_extend_put(part.length));
  }
  calls.run("write", (exports) => exports.luge_finish_put());
}

/**
 * Random bytes, for unique names.
 *
 * @module
 */

import { closeSync, openSync, readSync } from "node:fs";
import { hexOf } from "../bytes.ts";
import { process } from "../process.ts";

/** The most bytes that one call of `getRandomValues` returns. */
const MOST_AT_A_TIME = 65_536;
/**
 * Whether to read the random device. Node loads its cryptography at the first use, which takes about ten milliseconds
 * of a cold start. The other runtimes have theirs loaded, and Deno would ask for permission to read the device.
 */
const HAS_DEVICE =
  !("bun" in process.versions) && !("deno" in process.versions) && ["linux", "darwin"].includes(process.platform);
const NAME_BYTES = 16;

/** Fills `bytes` with random bytes from the operating system. */
export function fillRandom(bytes: Uint8Array<ArrayBuffer>): void {
  if (HAS_DEVICE && fillFromDevice(bytes)) return;
  for (let at = 0; at < bytes.length; at += MOST_AT_A_TIME) {
    crypto.getRandomValues(bytes.subarray(at, at + MOST_AT_A_TIME));
  }
}

/** 32 random hexadecimal digits, which nobody has used before. */
export function randomName(): string {
  const bytes = new Uint8Array(NAME_BYTES);
  fillRandom(bytes);
  return hexOf(bytes);
}

/** Returns whether that worked: the process may be forbidden to read the device. */
function fillFromDevice(bytes: Uint8Array): boolean {
  let device: number | undefined;
  try {
    device = openSync("/dev/urandom", "r");
    return readSync(device, bytes) === bytes.length;
  } catch {
    return false;
  } finally {
    if (device !== undefined) closeSync(device);
  }
}

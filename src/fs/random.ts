/**
 * Random bytes, for names that nobody else has.
 *
 * @module
 */

import { closeSync, openSync, readSync } from "node:fs";
import { hexOf } from "../bytes.ts";
import { process } from "../process.ts";

/** `getRandomValues` gives no more. */
const MOST_AT_A_TIME = 65_536;
/**
 * Node loads its cryptography at the first use, which takes some ten milliseconds of a cold start. The other runtimes have
 * theirs at hand, and Deno would ask whether the file may be read.
 */
const HAS_DEVICE =
  !("bun" in process.versions) && !("deno" in process.versions) && ["linux", "darwin"].includes(process.platform);
const NAME_BYTES = 16;

/** Fills `bytes` with random ones, from the operating system. */
export function fillRandom(bytes: Uint8Array<ArrayBuffer>): void {
  if (HAS_DEVICE && fillFromDevice(bytes)) return;
  for (let at = 0; at < bytes.length; at += MOST_AT_A_TIME) {
    crypto.getRandomValues(bytes.subarray(at, at + MOST_AT_A_TIME));
  }
}

/** 32 hexadecimal digits that nobody had before. */
export function randomName(): string {
  const bytes = new Uint8Array(NAME_BYTES);
  fillRandom(bytes);
  return hexOf(bytes);
}

/** Says whether that worked: the process may be forbidden to read the file. */
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

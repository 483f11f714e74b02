/**
 * Another way to a file that is open, for its syncs.
 *
 * @module
 */

import * as fs from "node:fs";
import { process } from "../process.ts";

/**
 * Another descriptor of the file that is open as `fd`; `undefined` when there is no need for one, or `path` leads to it
 * no more. Linux tells each of them once that writing back failed: if a sync in flight and a later one shared one, the
 * first could learn it after the second had found nothing wrong.
 */
export function secondDescriptor(fd: number, path: string): number | undefined {
  if (process.platform !== "linux") return undefined;
  let second: number | undefined;
  try {
    second = fs.openSync(path, fs.constants.O_RDONLY);
    const [one, other] = [fs.fstatSync(fd, { bigint: true }), fs.fstatSync(second, { bigint: true })];
    if (one.dev === other.dev && one.ino === other.ino) return second;
  } catch {
    // It was removed or moved, or no more descriptors are to be had.
  }
  if (second !== undefined) fs.closeSync(second);
  return undefined;
}

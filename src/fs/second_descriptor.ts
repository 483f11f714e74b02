/**
 * A second descriptor of an open file, for its syncs.
 *
 * @module
 */

import * as fs from "node:fs";
import { process } from "../process.ts";

/**
 * A second descriptor of the file that is open as `fd`. `undefined` if none is needed, or if `path` no longer refers to
 * the file. Linux reports a failed write-back once per descriptor. If a sync in flight and a later sync shared one
 * descriptor, the first could get the error after the second had found none.
 */
export function secondDescriptor(fd: number, path: string): number | undefined {
  if (process.platform !== "linux") return undefined;
  let second: number | undefined;
  try {
    second = fs.openSync(path, fs.constants.O_RDONLY);
    const [one, other] = [fs.fstatSync(fd, { bigint: true }), fs.fstatSync(second, { bigint: true })];
    if (one.dev === other.dev && one.ino === other.ino) return second;
  } catch {
    // The file was removed or moved, or no descriptor is free.
  }
  if (second !== undefined) fs.closeSync(second);
  return undefined;
}

/**
 * The one way from an error of a {@linkcode FileSystem} to WASI's errno.
 *
 * @module
 */

import { errorCode } from "../fs/node_errors.ts";
import { Errno } from "./wasi.ts";

const NUMBERS: ReadonlyMap<unknown, number> = new Map(Object.entries(Errno));

/** Whether an error says more than that a name is there or is not. */
export function isDiskFailure(error: unknown): boolean {
  const code = errorCode(error);
  return error !== undefined && code !== "ENOENT" && code !== "EEXIST";
}

/** What the engine sees of an error: its code's errno, or `EIO` for what has none. */
export function errnoOf(error: unknown): number {
  return NUMBERS.get(errorCode(error)) ?? Errno.EIO;
}

import { OptionNames } from "../options.ts";
import { type FileOpenOptions, fileSystemError } from "./filesystem.ts";

const OPEN_OPTIONS = new OptionNames<FileOpenOptions>(
  { write: true, create: true, exclusive: true, truncate: true },
  { example: "{ write: true, create: true }" },
);

/**
 * Refuses with `EINVAL` a position or size that is negative, fractional or beyond 2^53: `node:fs` takes -1 for "at the
 * cursor" and a negative size for 0, both silently.
 */
export function requireOffset(offset: number, action: string, path: string): void {
  if (!Number.isSafeInteger(offset) || offset < 0) throw fileSystemError("EINVAL", `${action} at ${offset}`, path);
}

/** Refuses unknown names with `TypeError`, and with `EINVAL` options that would create or cut a file without the right to write it. */
export function requireOpenOptions(options: FileOpenOptions, path: string): void {
  OPEN_OPTIONS.read(options);
  if ((options.create || options.truncate) && !options.write) throw fileSystemError("EINVAL", "open", path);
}

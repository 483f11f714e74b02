/**
 * The options of an open, checked. Not with the rest that all file systems share: workers have that, too.
 *
 * @module
 */

import type { FileOpenOptions } from "../api/file_system.ts";
import { OptionNames } from "../options.ts";
import { fileSystemError } from "./filesystem.ts";

const OPEN_OPTIONS = new OptionNames<FileOpenOptions>(
  { write: true, create: true, exclusive: true, truncate: true },
  { example: "{ write: true, create: true }" },
);

/**
 * Refuses unknown names with `TypeError`. Refuses with `EINVAL` an option that creates or cuts a file without `write`.
 */
export function requireOpenOptions(options: FileOpenOptions, path: string): void {
  OPEN_OPTIONS.read(options);
  if ((options.create || options.truncate) && !options.write) throw fileSystemError("EINVAL", "open", path);
}

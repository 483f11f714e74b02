/**
 * The disk space of a directory.
 *
 * @module
 */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const BLOCK_BYTES = 512;

/** The bytes that the files of a directory have allocated. */
export function directoryBytes(directory: string): number {
  return (
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      // The store may remove a file meanwhile.
      .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }))
      .reduce((sum, stats) => sum + (stats?.blocks ?? 0) * BLOCK_BYTES, 0)
  );
}

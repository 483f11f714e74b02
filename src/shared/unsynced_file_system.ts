/**
 * The disk for files that nobody needs after a power cut.
 *
 * @module
 */

import type { FileOpenOptions, OpenFile } from "../api/file_system.ts";
import { NodeFileSystem } from "../fs/node.ts";

const NO_SYNCS = { sync: () => {}, syncOffThread: async () => {} } satisfies Partial<OpenFile>;

/** As {@linkcode NodeFileSystem}, but its syncs do nothing. */
export class UnsyncedFileSystem extends NodeFileSystem {
  override open(path: string, options: FileOpenOptions): OpenFile {
    return Object.assign(super.open(path, options), NO_SYNCS);
  }

  override syncDirectory(): void {}

  override async syncDirectoryOffThread(): Promise<void> {}
}

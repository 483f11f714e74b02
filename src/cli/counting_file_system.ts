/**
 * A file system that counts the bytes that are read: how far a call is that reads everything, seen from outside.
 *
 * @module
 */

import { type FileOpenOptions, NodeFileSystem, type OpenFile } from "../../mod.ts";

/** The runtime's disk. */
export class CountingFileSystem extends NodeFileSystem {
  /** The bytes that were read since the start. */
  bytesRead = 0;

  override open(path: string, options: FileOpenOptions): OpenFile {
    const file = super.open(path, options);
    const read = file.read.bind(file);
    file.read = (buffer, position) => {
      const length = read(buffer, position);
      this.bytesRead += length;
      return length;
    };
    return file;
  }
}

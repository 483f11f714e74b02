/**
 * A file system that counts the bytes that are read. It shows the progress of a call that reads everything.
 *
 * @module
 */

import { type FileOpenOptions, NodeFileSystem, type OpenFile } from "../../mod.ts";

/** The runtime's disk, with a counter. */
export class CountingFileSystem extends NodeFileSystem {
  /** How many bytes were read since the start. */
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

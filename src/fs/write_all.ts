/**
 * A disk may accept fewer bytes than it gets. These functions write the rest.
 *
 * @module
 */

import * as fs from "node:fs";
import type { OpenFile } from "../api/file_system.ts";
import { fileSystemError } from "./filesystem.ts";

/** Writes all of `bytes` at `position`. Throws `EIO` if the disk accepts no more bytes; the error names `path`. */
export function writeAll(file: Pick<OpenFile, "write">, bytes: Uint8Array, position: number, path: string): void {
  for (let done = 0; done < bytes.length; ) {
    const count = file.write(done === 0 ? bytes : bytes.subarray(done), position + done);
    if (!(count > 0)) throw fileSystemError("EIO", "write", path);
    done += count;
  }
}

/** As {@linkcode writeAll}, for a descriptor of `node:fs`. */
export function writeAllTo(fd: number, bytes: Uint8Array, position: number, path: string): void {
  const write = (part: Uint8Array, at: number) => fs.writeSync(fd, part, 0, part.length, at);
  writeAll({ write }, bytes, position, path);
}

/** Reads until `buffer` is full or the file ends. Returns how many bytes it read. */
export function readAll(file: Pick<OpenFile, "read">, buffer: Uint8Array, position: number): number {
  let done = 0;
  while (done < buffer.length) {
    const count = file.read(buffer.subarray(done), position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** As {@linkcode readAll}, for a descriptor of `node:fs`. */
export function readAllFrom(fd: number, buffer: Uint8Array, position: number): number {
  return readAll({ read: (part, at) => fs.readSync(fd, part, 0, part.length, at) }, buffer, position);
}

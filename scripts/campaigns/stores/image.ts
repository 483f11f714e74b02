/**
 * The files of a store as a value: taken once, mounted many times.
 *
 * @module
 */

import type { FileSystem } from "../../../mod.ts";
import { type Directory, MemoryFileSystem } from "../../../src/fs/memory.ts";
import { type FileBytes, MemoryBytes } from "../../../src/fs/memory_bytes.ts";

/** Bytes by path, relative to the store's directory. The bytes never change. */
export type Image = ReadonlyMap<string, Uint8Array>;

/** All files below a directory, as they are now. */
export function imageOf(fileSystem: FileSystem, directory: string, below = ""): Image {
  const image = new Map<string, Uint8Array>();
  for (const { name, kind } of fileSystem.list(directory)) {
    const [path, full] = [below + name, `${directory}/${name}`];
    if (kind === "directory") for (const [each, bytes] of imageOf(fileSystem, full, `${path}/`)) image.set(each, bytes);
    else image.set(path, readAll(fileSystem, full));
  }
  return image;
}

function readAll(fileSystem: FileSystem, path: string): Uint8Array {
  const file = fileSystem.open(path, {});
  try {
    const bytes = new Uint8Array(file.size());
    let done = 0;
    while (done < bytes.length) {
      const count = file.read(bytes.subarray(done), done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  } finally {
    file.close();
  }
}

/** A file system whose directory `name` has the files of the image. A file is copied at its first write. */
export function mount(image: Image, name: string): MemoryFileSystem {
  const directory: Directory = new Map();
  for (const [path, bytes] of image) {
    const names = path.split("/");
    const file = names.pop() as string;
    let parent = directory;
    for (const each of names) {
      const child = (parent.get(each) ?? new Map()) as Directory;
      parent.set(each, child);
      parent = child;
    }
    parent.set(file, new SharedBytes(bytes));
  }
  return new MemoryFileSystem(new Map([[name, directory]]));
}

/** The bytes of an image until something is written. */
class SharedBytes implements FileBytes {
  readonly #shared: Uint8Array;
  #own: MemoryBytes | undefined;

  constructor(shared: Uint8Array) {
    this.#shared = shared;
  }

  get size(): number {
    return this.#own?.size ?? this.#shared.length;
  }

  read(buffer: Uint8Array, position: number): number {
    if (this.#own) return this.#own.read(buffer, position);
    const part = this.#shared.subarray(position, position + buffer.length);
    buffer.set(part);
    return part.length;
  }

  write(buffer: Uint8Array, position: number): void {
    this.#copied().write(buffer, position);
  }

  resize(size: number): void {
    this.#copied().resize(size);
  }

  #copied(): MemoryBytes {
    if (!this.#own) {
      this.#own = new MemoryBytes();
      this.#own.write(this.#shared, 0);
    }
    return this.#own;
  }
}

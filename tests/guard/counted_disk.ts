/**
 * A disk in memory that counts its calls.
 *
 * @module
 */

import { type FileSystem, MemoryFileSystem } from "../../mod.ts";
import { type FileSystemCall, ObservedFileSystem } from "../support/observed_file_system.ts";

/** Counts the calls since {@linkcode CountedDisk.reset}, including off-thread syncs. */
export class CountedDisk {
  readonly fileSystem: FileSystem = new ObservedFileSystem(new MemoryFileSystem(), {
    after: (call) => this.#count(call),
  });
  readonly #calls = new Map<string, number>();
  readonly #paths = new Set<string>();
  /** How many bytes were written. */
  writtenBytes = 0;

  reset(): void {
    this.#calls.clear();
    this.#paths.clear();
    this.writtenBytes = 0;
  }

  /** The number of calls of one kind; without a name, of all kinds. */
  calls(name?: FileSystemCall["name"]): number {
    if (name !== undefined) return this.#calls.get(name) ?? 0;
    return [...this.#calls.values()].reduce((sum, each) => sum + each, 0);
  }

  /** The calls of all other kinds, with their paths, in the order of the first of each. */
  namesBut(...names: FileSystemCall["name"][]): string[] {
    return [...this.#paths].filter((call) => !names.some((name) => call.startsWith(`${name} `)));
  }

  #count({ name, path, bytes = 0 }: FileSystemCall): void {
    this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1);
    this.#paths.add(`${name} ${path}`);
    if (name === "write") this.writtenBytes += bytes;
  }
}

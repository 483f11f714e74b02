/**
 * The files of a fork. Links the files that never change, and copies all others.
 *
 * @module
 */

import type { FileSystem, OpenFile } from "./api/file_system.ts";
import { Turns } from "./commit/event_loop.ts";
import { errorCode } from "./fs/node_errors.ts";
import { readAll, writeAll } from "./fs/write_all.ts";
import { messageOf } from "./realm.ts";
import { MARKER, UNFINISHED_MARKER } from "./store_marker.ts";

/** The directories of segments. A segment that has ended never changes again. It can only be removed. */
const SEGMENT_DIRECTORIES = ["log", "upper", "bottom"] as const;
const SEGMENT = /^\d{10}\.luge$/;
/** The directory of the files that may change at any time. */
const INDEX = "index";

const PIECE_BYTES = 1024 * 1024;

/** What was linked and what was copied. */
export interface Forked {
  readonly linkedBytes: number;
  readonly copiedBytes: number;
  readonly copyReason: string | undefined;
}

/** A segment that cannot be linked. It is kept open, because its store may remove it meanwhile. */
interface ToCopy {
  readonly file: OpenFile;
  readonly to: string;
}

/** Links and copies the files of a store at rest to another directory. */
export class ForkedFiles {
  readonly #fileSystem: FileSystem;
  readonly #from: string;
  readonly #to: string;
  /** The directories that were made, each before its subdirectories. */
  readonly #directories: string[] = [];
  readonly #linked: string[] = [];
  readonly #toCopy: ToCopy[] = [];
  /** The copied files that are not durable yet. */
  readonly #copied: OpenFile[] = [];
  #linkedBytes = 0;
  #copiedBytes = 0;
  #copyReason: string | undefined;

  /** `to` must be an empty directory. */
  constructor(fileSystem: FileSystem, from: string, to: string) {
    this.#fileSystem = fileSystem;
    this.#from = from;
    this.#to = to;
  }

  /** Takes all files as they are now: the store must be at rest. */
  take(): void {
    for (const name of SEGMENT_DIRECTORIES) this.#takeSegments(name);
    this.#copyAll(INDEX);
    this.#copyNow(`${this.#from}/${MARKER}`, `${this.#to}/${UNFINISHED_MARKER}`);
  }

  /** Copies the segments that could not be linked, makes all files durable, and then writes the marker that makes them a store. */
  async finish(options: { signal: AbortSignal | undefined; syncLinked: boolean }): Promise<void> {
    await this.#copyAndSync(options);
    this.#fileSystem.rename(`${this.#to}/${UNFINISHED_MARKER}`, `${this.#to}/${MARKER}`);
    await syncNames(this.#fileSystem, this.#to);
  }

  async #copyAndSync({ signal, syncLinked }: { signal: AbortSignal | undefined; syncLinked: boolean }): Promise<void> {
    for (let next = this.#toCopy[0]; next; next = this.#toCopy[0]) {
      await this.#copyLater(next, signal);
      this.#toCopy.shift();
      next.file.close();
    }
    for (const path of syncLinked ? this.#linked : []) {
      this.#copied.push(this.#fileSystem.open(path, { write: true }));
    }
    // Sync all at once: file systems then write one journal entry.
    const syncs = [
      ...this.#copied.map((file) => file.syncOffThread()),
      ...this.#directories.map((directory) => syncNames(this.#fileSystem, directory)),
    ];
    // Wait for all, also if one fails: after a failure the files are closed and removed.
    await Promise.allSettled(syncs);
    await Promise.all(syncs);
    for (let file = this.#copied.pop(); file; file = this.#copied.pop()) file.close();
    signal?.throwIfAborted();
  }

  /** Closes all open files. */
  discard(): void {
    for (const file of [...this.#toCopy.splice(0).map(({ file }) => file), ...this.#copied.splice(0)]) {
      try {
        file.close();
      } catch {
        // The caller gets the error that came first.
      }
    }
  }

  get result(): Forked {
    const [linkedBytes, copiedBytes, copyReason] = [this.#linkedBytes, this.#copiedBytes, this.#copyReason];
    return { linkedBytes, copiedBytes, copyReason };
  }

  #takeSegments(name: string): void {
    for (const { name: file, from, to } of this.#takeDirectory(name)) {
      if (SEGMENT.test(file)) this.#takeSegment(from, to);
    }
  }

  /** Makes a directory if the store has it. Returns what it has there, and the paths of that on both sides. */
  #takeDirectory(directory: string): { name: string; kind: string; from: string; to: string }[] {
    const [from, to] = [`${this.#from}/${directory}`, `${this.#to}/${directory}`];
    if (this.#fileSystem.stat(from)?.kind !== "directory") return [];
    this.#fileSystem.makeDirectory(to);
    this.#directories.push(to);
    const children = this.#fileSystem.list(from);
    return children.map(({ name, kind }) => ({ name, kind, from: `${from}/${name}`, to: `${to}/${name}` }));
  }

  #takeSegment(from: string, to: string): void {
    if (this.#link(from, to)) {
      this.#linked.push(to);
      this.#linkedBytes += this.#fileSystem.stat(to)?.size ?? 0;
    } else {
      this.#toCopy.push({ file: this.#fileSystem.open(from, {}), to });
    }
  }

  /** Returns whether the link was made. If one file has too many names, the next file may still be linked. */
  #link(from: string, to: string): boolean {
    if (this.#copyReason !== undefined && !this.#copyReason.startsWith(FULL_OF_NAMES)) return false;
    try {
      if (!this.#fileSystem.link) throw new Error("the file system has no hard links");
      this.#fileSystem.link(from, to);
      return true;
    } catch (error) {
      const code = errorCode(error);
      const message = messageOf(error);
      this.#copyReason ??= code === undefined || message.startsWith(code) ? message : `${code}: ${message}`;
      return false;
    }
  }

  #copyAll(name: string): void {
    for (const { name: child, kind, from, to } of this.#takeDirectory(name)) {
      if (kind === "directory") this.#copyAll(`${name}/${child}`);
      else if (kind === "file") this.#copyNow(from, to);
    }
  }

  #copyNow(from: string, to: string): void {
    const source = this.#fileSystem.open(from, {});
    try {
      const target = this.#create(to);
      for (const piece of piecesOf(source)) this.#write(target, piece, to);
    } finally {
      source.close();
    }
  }

  async #copyLater({ file, to }: ToCopy, signal: AbortSignal | undefined): Promise<void> {
    const turns = new Turns();
    const target = this.#create(to);
    for (const piece of piecesOf(file)) {
      this.#write(target, piece, to);
      await turns.next();
      signal?.throwIfAborted();
    }
  }

  #create(path: string): OpenFile {
    const file = this.#fileSystem.open(path, { write: true, create: true, exclusive: true });
    this.#copied.push(file);
    return file;
  }

  #write(file: OpenFile, { position, bytes }: Piece, path: string): void {
    writeAll(file, bytes, position, path);
    this.#copiedBytes += bytes.length;
  }
}

/** The error code of a link if the file has as many names as the file system allows. */
const FULL_OF_NAMES = "EMLINK";

/** Makes the names in a directory durable. */
export async function syncNames(fileSystem: FileSystem, directory: string): Promise<void> {
  await (fileSystem.syncDirectoryOffThread?.(directory) ?? fileSystem.syncDirectory(directory));
}

interface Piece {
  readonly position: number;
  /** The next piece overwrites them. */
  readonly bytes: Uint8Array;
}

function* piecesOf(file: OpenFile): Generator<Piece> {
  const buffer = new Uint8Array(PIECE_BYTES);
  for (let position = 0; ; ) {
    const count = readAll(file, buffer, position);
    if (count > 0) yield { position, bytes: buffer.subarray(0, count) };
    if (count < buffer.length) return;
    position += count;
  }
}

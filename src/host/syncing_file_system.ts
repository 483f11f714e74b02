/**
 * A file system whose syncs do not block: see "Syncs in two phases" in docs/design/durability.md.
 *
 * @module
 */

import type { DirectoryEntry, FileOpenOptions, FileStat, FileSystem, OpenFile } from "../api/file_system.ts";
import { fileSystemError, parentOf } from "../fs/filesystem.ts";
import { PendingSyncs, type Syncable, type SyncEvents } from "./pending_syncs.ts";

/** Syncs are pending in two lanes: those of the log, and all others. */
export type Lane = "log" | "table";

/** What a file holds. Nothing refers to new blocks, so a write of blocks relies on no sync. */
export type Content = "log" | "blocks" | "index";

/** A file of the engine: `sync` asks for its sync. */
export type EngineFile = Omit<OpenFile, "syncOffThread">;

/**
 * Asks for syncs, and carries them out before each change that relies on them. Every change of a name asks for the syncs
 * of the directories that make it durable. Nobody else may change what is below.
 */
export class SyncingFileSystem {
  readonly #lower: FileSystem;
  readonly #contentOf: (path: string) => Content;
  readonly #requireOwned: () => void;
  readonly #lanes: Readonly<Record<Lane, PendingSyncs>>;
  readonly #directories: Map<string, Syncable> = new Map();
  readonly #open: Set<SyncingFile> = new Set();

  /**
   * The events are the log's, but a failure may be of either lane. `requireOwned` throws if the directory of the store is
   * not ours any more.
   */
  constructor(lower: FileSystem, contentOf: (path: string) => Content, events: SyncEvents, requireOwned: () => void) {
    this.#lower = lower;
    this.#contentOf = contentOf;
    this.#requireOwned = requireOwned;
    const failed = (error: unknown) => {
      this.#stop(error);
      events.failed(error);
    };
    this.#lanes = { log: new PendingSyncs({ ...events, failed }), table: new PendingSyncs({ failed }) };
  }

  open(path: string, options: FileOpenOptions): EngineFile {
    const content = this.#contentOf(path);
    const isNew = options.create === true && this.#lower.stat(path) === undefined;
    if (isNew && content === "index") this.#lanes.table.finish();
    const lower = this.#lower.open(path, options);
    const lane = this.#laneOf(path);
    if (isNew) this.#askDirectory(lane, parentOf(path));
    const file = new SyncingFile(lower, lane, content === "index", () => this.#open.delete(file));
    this.#open.add(file);
    return file;
  }

  stat(path: string): FileStat | undefined {
    return this.#lower.stat(path);
  }

  list(path: string): DirectoryEntry[] {
    return this.#lower.list(path);
  }

  /** Blocks until nothing is pending and the new name is durable. */
  makeDirectory(path: string): void {
    this.finish();
    this.#lower.makeDirectory(path);
    this.#syncDirectory(parentOf(path));
  }

  /** What takes the place of another file must be durable before. */
  rename(from: string, to: string): void {
    for (const path of [from, to]) this.#laneOf(path).finish();
    this.#lower.rename(from, to);
    for (const directory of new Set([parentOf(to), parentOf(from)])) this.#askDirectory(this.#lanes.table, directory);
  }

  /** What replaces the file must be durable before. A removal is the table's, whatever the file. */
  remove(path: string): void {
    this.#lanes.table.finish();
    this.#lower.remove(path);
    this.#askDirectory(this.#lanes.table, parentOf(path));
  }

  /** Begins all syncs that were asked for. */
  begin(): void {
    this.#lanes.log.begin();
    this.#lanes.table.begin();
  }

  /** Does all syncs that are pending before it returns, of the lane of a directory or of both. */
  finish(directory?: string): void {
    const { log, table } = this.#lanes;
    for (const lane of directory === undefined ? [log, table] : [this.#laneOf(`${directory}/`)]) lane.finish();
  }

  /** As {@linkcode PendingSyncs.settled}. */
  settled(lane: Lane): Promise<void> | undefined {
    return this.#lanes[lane].settled();
  }

  /** Begins nothing any more, and closes every file. Throws the first error after trying all. */
  abandon(): void {
    const reason = fileSystemError("EBADF", "use", "files that were abandoned");
    this.#stop(reason);
    const errors: unknown[] = [];
    for (const file of [...this.#open]) {
      try {
        file.closeLower();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  #stop(error: unknown): void {
    for (const lane of Object.values(this.#lanes)) lane.stop(error);
  }

  #laneOf(path: string): PendingSyncs {
    return this.#contentOf(path) === "log" ? this.#lanes.log : this.#lanes.table;
  }

  /**
   * Unlike a file, a directory is synced by its path. That may have come to lead elsewhere since the name was made: then
   * the sync was another directory's, and the name is not durable.
   */
  #syncDirectory(path: string): void {
    this.#lower.syncDirectory(path);
    this.#requireOwned();
  }

  #askDirectory(lane: PendingSyncs, path: string): void {
    const sync = () => this.#syncDirectory(path);
    const syncOffThread = async () => {
      await (this.#lower.syncDirectoryOffThread?.(path) ?? this.#lower.syncDirectory(path));
      this.#requireOwned();
    };
    const directory = this.#directories.get(path) ?? { sync, syncOffThread };
    this.#directories.set(path, directory);
    lane.ask(directory);
  }
}

/** A file whose syncs are asked for. It is open below until the last of them is done. */
class SyncingFile implements EngineFile {
  readonly #lower: OpenFile;
  readonly #lane: PendingSyncs;
  readonly #isIndex: boolean;
  readonly #closed: () => void;
  readonly #syncable: Syncable;
  #isClosing = false;

  constructor(lower: OpenFile, lane: PendingSyncs, isIndex: boolean, closed: () => void) {
    this.#lower = lower;
    this.#lane = lane;
    this.#isIndex = isIndex;
    this.#closed = closed;
    const synced = () => {
      if (this.#isClosing) this.closeLower();
    };
    this.#syncable = { sync: () => lower.sync(), syncOffThread: () => lower.syncOffThread(), synced };
  }

  read(buffer: Uint8Array, position: number): number {
    return this.#lower.read(buffer, position);
  }

  write(buffer: Uint8Array, position: number): number {
    if (this.#isIndex) this.#lane.finish();
    return this.#lower.write(buffer, position);
  }

  size(): number {
    return this.#lower.size();
  }

  truncate(size: number): void {
    this.#lane.finish();
    this.#lower.truncate(size);
  }

  sync(): void {
    this.#lane.ask(this.#syncable);
  }

  close(): void {
    this.#isClosing = true;
    if (!this.#lane.has(this.#syncable)) this.closeLower();
  }

  closeLower(): void {
    this.#closed();
    this.#lower.close();
  }
}

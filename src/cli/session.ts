/**
 * The context of a command: a store, standard output, and the signal that ends the command.
 *
 * @module
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { type Compression, defaultConfig, type Logger, open, StoreError } from "../../mod.ts";
import { CountingFileSystem } from "./counting_file_system.ts";
import { type ExitCode, FailedError } from "./exit_codes.ts";
import type { Output } from "./output.ts";
import { type Progress, showProgress, type Unit } from "./progress.ts";
import { isAddress, needsDirectory, openRemote, shownPlace } from "./remote.ts";
import type { CliStore } from "./store.ts";

/**
 * How a store is opened. `"read"`: for reading only, so that nothing in its directory changes. `"change"`: for writing;
 * the store must exist. `"create"`: for writing; the store is created if it is missing. `"share"`: the same, so that
 * other processes can join. `"join"`: as `"share"`, but the store must exist.
 */
export type Access = "read" | "change" | "create" | "share" | "join";

/** Options for opening a store, besides the access. */
export interface StoreOptions {
  /**
   * How many versions of a key the store keeps from now on, even if fewer than before. Default: what the store
   * remembers.
   */
  readonly keepVersions?: number | undefined;
  /** How the store writes its files from now on. Default: what the store remembers. */
  readonly compression?: Compression | undefined;
}

/** What a command wants to hear of slow operations while it has the store open. */
export interface SlowOptions {
  readonly slowOperation: number;
  readonly logger: Logger;
}

/** The progress of a call that reads the store's files. */
export interface ReadFiles {
  readonly bytesRead: () => number;
  /** The size of all files in bytes. */
  readonly bytes: number;
}

/** Of a store whose files this process did not open. */
const NO_FILES: ReadFiles = { bytesRead: () => 0, bytes: 0 };

/** Runs the words of a line on an open store. */
export type RunWords = (
  words: () => readonly string[],
  on: { readonly opened: CliStore; readonly signal: AbortSignal },
) => Promise<ExitCode>;

/** The parts of a {@linkcode Session}. */
export interface SessionParts {
  readonly output: Output;
  /** Aborts when the user wants the command to end. */
  readonly signal: AbortSignal;
  /** Whether results are JSON. */
  readonly json: boolean;
  /** The directory of the store, which may not exist yet, or the address of a store on another machine. */
  readonly directory: string;
  /** A store that is open already, and stays open. */
  readonly opened: CliStore | undefined;
  readonly runWords: RunWords;
  /** The commands that are allowed on an open store. */
  readonly commands: readonly string[];
}

/** The context of one command. */
export class Session {
  readonly output: Output;
  /** See {@linkcode SessionParts}, also for the next fields. `directory` has no token. */
  readonly signal: AbortSignal;
  readonly json: boolean;
  readonly directory: string;
  readonly runWords: RunWords;
  readonly commands: readonly string[];
  /** Whether the store is on another machine. */
  readonly isRemote: boolean;
  readonly #place: string;
  readonly #parts: SessionParts;
  readonly #opened: CliStore | undefined;

  constructor(parts: SessionParts) {
    const { output, signal, json, directory, opened, runWords, commands } = parts;
    this.#parts = parts;
    this.output = output;
    this.signal = signal;
    this.json = json;
    this.directory = shownPlace(directory);
    this.isRemote = opened === undefined && isAddress(directory);
    this.#place = directory;
    this.runWords = runWords;
    this.commands = commands;
    this.#opened = opened;
  }

  /** The same for a store at another place, which the command opens itself. */
  at(place: string): Session {
    return new Session({ ...this.#parts, directory: place, opened: undefined });
  }

  /** Whether the store was open before the command, and stays open. */
  get isInteractive(): boolean {
    return this.#opened !== undefined;
  }

  /**
   * Opens the store, calls `use` with it, and closes it in any case. If other processes share the store, the command
   * joins them.
   */
  async withStore<T>(
    access: Access,
    use: (store: CliStore, files: ReadFiles) => Promise<T>,
    { keepVersions, compression, slow }: StoreOptions & { readonly slow?: SlowOptions } = {},
  ): Promise<T> {
    if (this.#opened) return await use(this.#opened, NO_FILES);
    if (this.isRemote) return await this.#withRemote(access, use, { keepVersions, compression });
    const path = resolve(this.directory).replaceAll(sep, "/");
    if (access === "change" || access === "join") requireStore(path, this.directory);
    const bytes = access === "create" ? 0 : bytesOf(path);
    const fileSystem = new CountingFileSystem();
    const readOnly = access === "read";
    const kept = keepVersions === undefined ? {} : { numVersionsToKeep: keepVersions, dropVersions: true };
    const written = compression === undefined ? {} : { compression };
    const config = { ...defaultConfig(path), ...kept, ...written, ...slow };
    const isSharing = access === "share" || access === "join";
    const opened: Promise<CliStore> = isSharing
      ? open({ ...config, shared: true, signal: this.signal })
      : open({ ...config, readOnly, fileSystem });
    const store = await opened.catch(async (error: unknown) => {
      if (isSharing || !isLocked(error) || !existsSync(join(path, "shared"))) throw error;
      this.#refuseSettings({ keepVersions, compression });
      return await open({ ...defaultConfig(path), shared: true, createIfMissing: false, signal: this.signal });
    });
    const opening = fileSystem.bytesRead;
    try {
      return await use(store, { bytesRead: () => fileSystem.bytesRead - opening, bytes });
    } finally {
      await store.close();
    }
  }

  async #withRemote<T>(
    access: Access,
    use: (store: CliStore, files: ReadFiles) => Promise<T>,
    options: StoreOptions,
  ): Promise<T> {
    if (access === "share") throw needsDirectory("serve", this.#place);
    this.#refuseSettings(options);
    await using store = await openRemote(this.#place, this.signal);
    return await use(store, NO_FILES);
  }

  #refuseSettings({ keepVersions, compression }: StoreOptions): void {
    if (keepVersions === undefined && compression === undefined) return;
    throw new FailedError(`Cannot change how '${this.directory}' keeps its entries while other processes share it`);
  }

  /** Runs `work`. Several times a second shows the progress that `done` returns. */
  async whileShown<T>(name: string, unit: Unit, done: () => [number, number?], work: Promise<T>): Promise<T> {
    const progress = this.progress(name, unit);
    const timer = setInterval(() => progress.update(...done()), 200);
    try {
      return await work;
    } finally {
      clearInterval(timer);
      progress.stop();
    }
  }

  /** Begins to show the progress of something, if there is a terminal. */
  progress(name: string, unit: Unit): Progress {
    return showProgress(name, unit);
  }

  /** Prints a result: with `--json` the object, otherwise the text. */
  async result(json: unknown, text: string): Promise<void> {
    await this.output.line(this.json ? JSON.stringify(json) : text);
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof StoreError && error.code === "STORE_LOCKED";
}

/** Refuses to create a store: the command changes an existing one. */
function requireStore(path: string, given: string): void {
  if (existsSync(join(path, "LUGE"))) return;
  const what = existsSync(path) ? "it holds no luge store" : "it is missing";
  throw new StoreError("NOT_A_STORE", `Cannot open '${given}': ${what}`);
}

function bytesOf(path: string): number {
  // Opening the store will report what is wrong with it.
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return 0;
  let sum = 0;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // A file that a compaction removed meanwhile takes no space.
    sum += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}

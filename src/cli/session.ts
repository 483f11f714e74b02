/**
 * What a command works with: a store, standard output, and the signal that ends it.
 *
 * @module
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { defaultConfig, open, type SledStore, StoreError } from "../../mod.ts";
import { CountingFileSystem } from "./counting_file_system.ts";
import type { ExitCode } from "./exit_codes.ts";
import type { Output } from "./output.ts";
import { type Progress, showProgress, type Unit } from "./progress.ts";

/**
 * How a store is opened: `"read"` for reading only, so that nothing in its directory changes; `"change"` for writing to one that is
 * there; `"create"` for writing, also to a new one.
 */
export type Access = "read" | "change" | "create";

/** How a store is opened, beside its access. */
export interface StoreOptions {
  /** How many versions of a key are kept from now on, be it fewer than before. Default: as many as the store remembers. */
  readonly keepVersions?: number | undefined;
}

/** How far a call is that reads the store's files. */
export interface ReadFiles {
  readonly bytesRead: () => number;
  /** The size of all of them. */
  readonly bytes: number;
}

/** Runs the words of a line on a store that is open. */
export type RunWords = (
  words: () => readonly string[],
  on: { readonly opened: SledStore; readonly signal: AbortSignal },
) => Promise<ExitCode>;

/** What a {@linkcode Session} is made of. */
export interface SessionParts {
  readonly output: Output;
  /** Says that the user wants the command to end. */
  readonly signal: AbortSignal;
  /** Whether results are JSON. */
  readonly json: boolean;
  /** Where the store is, or will be. */
  readonly directory: string;
  /** A store that is open already, and stays so. */
  readonly opened: SledStore | undefined;
  readonly runWords: RunWords;
  /** The commands that a store which is open takes. */
  readonly commands: readonly string[];
}

/** The surroundings of one command. */
export class Session {
  readonly output: Output;
  /** See {@linkcode SessionParts}, as all of these. */
  readonly signal: AbortSignal;
  readonly json: boolean;
  readonly directory: string;
  readonly runWords: RunWords;
  readonly commands: readonly string[];
  readonly #opened: SledStore | undefined;

  constructor({ output, signal, json, directory, opened, runWords, commands }: SessionParts) {
    this.output = output;
    this.signal = signal;
    this.json = json;
    this.directory = directory;
    this.runWords = runWords;
    this.commands = commands;
    this.#opened = opened;
  }

  /** Whether the store was open before the command, and stays so. */
  get isInteractive(): boolean {
    return this.#opened !== undefined;
  }

  /** Opens the store, hands it over, and closes it whatever happens. */
  async withStore<T>(
    access: Access,
    use: (store: SledStore, files: ReadFiles) => Promise<T>,
    { keepVersions }: StoreOptions = {},
  ): Promise<T> {
    const path = resolve(this.directory).replaceAll(sep, "/");
    if (this.#opened) return await use(this.#opened, { bytesRead: () => 0, bytes: 0 });
    if (access === "change") requireStore(path, this.directory);
    const bytes = access === "create" ? 0 : bytesOf(path);
    const fileSystem = new CountingFileSystem();
    const readOnly = access === "read";
    const kept = keepVersions === undefined ? {} : { numVersionsToKeep: keepVersions, dropVersions: true };
    const store = await open({ ...defaultConfig(path), ...kept, readOnly, fileSystem });
    const opening = fileSystem.bytesRead;
    try {
      return await use(store, { bytesRead: () => fileSystem.bytesRead - opening, bytes });
    } finally {
      await store.close();
    }
  }

  /** Runs `work` while `done` says how far it is; looks at that several times a second. */
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

  /** Begins to show how something goes, where a terminal is. */
  progress(name: string, unit: Unit): Progress {
    return showProgress(name, unit);
  }

  /** Prints a result: the object with `--json`, else the text. */
  async result(json: unknown, text: string): Promise<void> {
    await this.output.line(this.json ? JSON.stringify(json) : text);
  }
}

/** Refuses to create a store where one is to be changed. */
function requireStore(path: string, given: string): void {
  if (existsSync(join(path, "LUGE"))) return;
  const what = existsSync(path) ? "it holds no luge store" : "it is missing";
  throw new StoreError("NOT_A_STORE", `Cannot open '${given}': ${what}`);
}

function bytesOf(path: string): number {
  // Whoever opens it says what is wrong with it.
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return 0;
  let sum = 0;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // What is compacted away meanwhile takes no space.
    sum += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}

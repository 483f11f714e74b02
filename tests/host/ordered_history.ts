/**
 * A random history of an ordered file system, compared with a plain one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Random } from "../../scripts/lib/random.ts";
import type { FileOpenOptions, FileSystem, OpenFile } from "../../src/api/file_system.ts";
import { parentOf } from "../../src/fs/filesystem.ts";
import { MemoryFileSystem } from "../../src/fs/memory.ts";
import type { Lane } from "../../src/host/lanes.ts";
import { OrderedFileSystem } from "../../src/host/ordered_file_system.ts";
import { HeldSyncs, settle } from "../support/held_syncs.ts";
import { type Asked, checkTrace, type Promised } from "./ordered_trace.ts";

/** The directory of the log in these tests. */
export function laneOf(path: string): Lane {
  return path.startsWith("/s/log/") ? "log" : "table";
}

const STEPS = 120;
const DIRECTORIES = ["/s", "/s/log", "/s/table", "/s/table/d"] as const;
const PATHS = ["/s/log/a", "/s/log/b", "/s/table/a", "/s/table/b", "/s/table/d/a"] as const;
const LANES = ["log", "table"] as const;
const FILE_BYTES = 40;

interface Handle {
  readonly path: string;
  readonly writable: boolean;
  readonly file: OpenFile;
  readonly plain: OpenFile;
}

type Names = Pick<FileSystem, "open" | "stat" | "list" | "rename" | "remove">;

/** A request that is made now. */
type Asking = Omit<Asked, "at">;

/** One history. The same seed gives the same history. */
export class OrderedHistory {
  readonly #random: Random;
  readonly #lower: HeldSyncs;
  readonly #files: OrderedFileSystem;
  readonly #plain = new MemoryFileSystem();
  readonly #asked: Asked[] = [];
  readonly #promised: Promised[] = [];
  readonly #settled: Promise<void>[] = [];
  readonly #failures: unknown[] = [];
  #handles: Handle[] = [];

  constructor(seed: number) {
    const random = new Random(seed);
    this.#random = random;
    const short = random.below(2) === 0;
    this.#lower = new HeldSyncs({
      blockingDirectories: random.below(4) === 0,
      moved: (length) => (short && length > 1 ? 1 + random.below(length) : length),
      before: ({ name, path }) => {
        if (name === "create") this.#ask({ name: "syncDirectory", path: parentOf(path), lane: laneOf(path) });
      },
    });
    for (const each of DIRECTORIES) for (const files of [this.#plain, this.#lower.inner]) files.makeDirectory(each);
    this.#files = new OrderedFileSystem(this.#lower, {
      laneOf,
      check: () => {},
      failed: (error) => this.#failures.push(error),
      maxQueuedBytes: random.pick([20, 200, 100_000]),
    });
  }

  /** Throws if it differs from the plain file system. */
  async run(): Promise<void> {
    for (let i = 0; i < STEPS; i++) {
      if (this.#random.below(5) === 0) await this.#completeOne();
      else if (this.#random.below(4) > 0) this.#change();
      else this.#observe();
    }
    while (this.#lower.held.length > 0) await this.#completeOne();
    await Promise.all(this.#settled);
    assert.deepEqual(this.#failures, []);
    assert.deepEqual(
      [this.#files.settled("log"), this.#files.settled("table"), this.#files.queuedBytes],
      [undefined, undefined, 0],
    );
    this.#promiseAll(LANES);
    checkTrace(this.#asked, this.#lower.reached, this.#promised);
    assert.deepEqual(tree(this.#lower), tree(this.#plain));
    for (const { file } of this.#handles) file.close();
    assert.equal(this.#lower.openFiles, 0);
  }

  async #completeOne(): Promise<void> {
    const { held } = this.#lower;
    held[this.#random.below(Math.max(1, held.length))]?.complete();
    await settle();
  }

  #change(): void {
    const choice = this.#random.below(100);
    if (choice < 12 || this.#handles.length === 0) this.#open();
    else if (choice < 50) this.#write();
    else if (choice < 66) this.#sync();
    else if (choice < 70) this.#close();
    else if (choice < 72) this.#truncate();
    else if (choice < 80) this.#remove();
    else if (choice < 86) this.#rename();
    else if (choice < 88) this.#syncDirectory();
    else if (choice < 94) this.#wait();
    else if (choice < 96) this.#drain();
    else this.#inline();
  }

  #observe(): void {
    const choice = this.#random.below(4);
    if (choice === 0) {
      const [path, directory] = [this.#random.pick(PATHS), this.#random.pick(DIRECTORIES)];
      this.#same(({ stat }) => stat(path));
      this.#same(({ list }) => list(directory).sort((x, y) => (x.name < y.name ? -1 : 1)));
    } else if (choice === 1) {
      assert.deepEqual(tree(this.#files), tree(this.#plain));
    } else {
      for (const { file, plain } of this.#handles) {
        assert.equal(file.size(), plain.size());
        assert.deepEqual(readAll(file, 0, FILE_BYTES * 2), readAll(plain, 0, FILE_BYTES * 2));
        const [at, length] = [this.#random.below(FILE_BYTES), this.#random.below(FILE_BYTES)];
        assert.deepEqual(readAll(file, at, length), readAll(plain, at, length));
      }
    }
  }

  #open(): void {
    const path = this.#random.pick(PATHS);
    const write = this.#random.below(5) > 0;
    const create = write && this.#random.below(4) > 0;
    const exclusive = create && this.#random.below(5) === 0;
    const truncate = write && this.#random.below(6) === 0;
    const options: FileOpenOptions = { write, create, exclusive, truncate };
    const existed = this.#plain.stat(path) !== undefined;
    const asking: Asking[] = existed && truncate ? [{ name: "cut", path, lane: laneOf(path) }] : [];
    const opened = this.#both(({ open }) => open(path, options), asking);
    if (opened) this.#handles.push({ path, writable: write, file: opened[0], plain: opened[1] });
  }

  #write(): void {
    const handle = this.#writable();
    if (!handle) return;
    const [position, bytes] = [this.#random.below(FILE_BYTES), this.#random.bytes(1 + this.#random.below(12))];
    const asked = this.#ask({ name: "write", path: handle.path, lane: laneOf(handle.path), position, bytes });
    const buffer = bytes.slice();
    const count = handle.file.write(buffer, position);
    buffer.fill(0xee);
    asked.bytes = bytes.subarray(0, count);
    assert.equal(handle.plain.write(asked.bytes, position), count);
  }

  #sync(): void {
    const handle = this.#writable();
    if (!handle) return;
    this.#ask({ name: "sync", path: handle.path, lane: laneOf(handle.path) });
    handle.file.sync();
  }

  #truncate(): void {
    const handle = this.#writable();
    if (!handle) return;
    const position = this.#random.below(FILE_BYTES);
    this.#ask({ name: "truncate", path: handle.path, lane: laneOf(handle.path), position });
    handle.file.truncate(position);
    handle.plain.truncate(position);
  }

  #close(): void {
    const handle = this.#handles[this.#random.below(this.#handles.length)];
    this.#handles = this.#handles.filter((each) => each !== handle);
    handle?.file.close();
    handle?.plain.close();
  }

  #remove(): void {
    const path = this.#random.pick(PATHS);
    const lane = "table";
    const asking: Asking[] = [
      { name: "remove", path, lane },
      { name: "syncDirectory", path: parentOf(path), lane },
    ];
    this.#both(({ remove }) => remove(path), asking);
  }

  #rename(): void {
    const [path, to] = [this.#random.pick(PATHS), this.#random.pick(PATHS)];
    const sameLane = laneOf(path) === laneOf(to);
    // The trace knows a handle by the path of its open.
    if (!sameLane && this.#handles.some((each) => laneOf(each.path) === laneOf(path))) return;
    const lane = sameLane ? laneOf(to) : "table";
    const asking: Asking[] = [{ name: "rename", path, to, lane }];
    for (const each of new Set([parentOf(to), parentOf(path)]))
      asking.push({ name: "syncDirectory", path: each, lane });
    this.#both(({ rename }) => rename(path, to), asking);
  }

  #syncDirectory(): void {
    const path = this.#random.pick(DIRECTORIES);
    this.#ask({ name: "syncDirectory", path, lane: laneOf(path) });
    this.#files.syncDirectory(path);
  }

  #wait(): void {
    const lane = this.#random.pick(LANES);
    const done = this.#asked.filter((each) => each.lane === lane).length;
    const promise = (at: number) => this.#promised.push({ at, lane, done });
    const settled = this.#files.settled(lane);
    if (settled) this.#settled.push(settled.then(() => void promise(this.#lower.reached.length)));
    else promise(this.#lower.reached.length);
  }

  #drain(): void {
    const lane = this.#random.pick([...LANES, undefined]);
    this.#files.drain(lane);
    this.#promiseAll(lane === "log" ? ["log"] : LANES);
  }

  #inline(): void {
    const lane = this.#random.pick(LANES);
    this.#files.inline(lane, () => {
      this.#promiseAll([lane]);
      for (let i = this.#random.below(8); i > 0; i--) {
        if (this.#random.below(3) > 0) this.#change();
        else this.#observe();
        this.#promiseAll([lane]);
      }
    });
  }

  #writable(): Handle | undefined {
    const handle = this.#handles[this.#random.below(this.#handles.length)];
    return handle?.writable ? handle : undefined;
  }

  #ask(asking: Asking): Asked {
    const asked = { ...asking, at: this.#lower.reached.length };
    this.#asked.push(asked);
    return asked;
  }

  #promiseAll(lanes: readonly Lane[]): void {
    for (const lane of lanes) {
      const done = this.#asked.filter((each) => each.lane === lane).length;
      this.#promised.push({ at: this.#lower.reached.length, lane, done });
    }
  }

  #same(call: (names: Names) => unknown): void {
    assert.deepEqual(
      outcome(() => call(bound(this.#files))),
      outcome(() => call(bound(this.#plain))),
    );
  }

  /**
   * Calls both file systems. Returns both results, or nothing if both failed alike. Only a successful call makes a
   * request.
   */
  #both<T>(call: (names: Names) => T, asking: readonly Asking[]): readonly [T, T] | undefined {
    const plain = outcome(() => call(bound(this.#plain)));
    if (!plain.code) for (const each of asking) this.#ask(each);
    const ordered = outcome(() => call(bound(this.#files)));
    assert.equal(ordered.code, plain.code);
    return plain.code ? undefined : [ordered.value as T, plain.value as T];
  }
}

interface Outcome<T> {
  readonly value?: T;
  readonly code?: string;
}

function outcome<T>(call: () => T): Outcome<T> {
  try {
    return { value: call() };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== "string" || error instanceof assert.AssertionError) throw error;
    return { code };
  }
}

function bound(files: Names): Names {
  return {
    open: (path, options) => files.open(path, options),
    stat: (path) => files.stat(path),
    list: (path) => files.list(path),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
  };
}

function readAll(file: OpenFile, position: number, length: number): number[] {
  const buffer = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = file.read(buffer.subarray(done), position + done);
    if (count === 0) break;
    done += count;
  }
  return [...buffer.subarray(0, done)];
}

/** All files with their content. */
function tree(files: Names): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const directory of DIRECTORIES) {
    for (const { name, kind } of files.list(directory)) {
      if (kind !== "file") continue;
      const path = `${directory}/${name}`;
      const file = files.open(path, {});
      found[path] = readAll(file, 0, files.stat(path)?.size ?? 0);
      assert.equal(file.size(), found[path].length);
      file.close();
    }
  }
  return Object.fromEntries(Object.entries(found).sort(([x], [y]) => (x < y ? -1 : 1)));
}

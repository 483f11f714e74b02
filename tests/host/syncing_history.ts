/**
 * A random history of a file system whose syncs are pending, compared with a plain one and with the rules of the order.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Random } from "../../scripts/lib/random.ts";
import { parentOf } from "../../src/fs/filesystem.ts";
import { MemoryFileSystem } from "../../src/fs/memory.ts";
import { type Content, type EngineFile, type Lane, SyncingFileSystem } from "../../src/host/syncing_file_system.ts";
import { HeldSyncs, type Reached, settle } from "../support/held_syncs.ts";
import { diskError } from "../support/observed_file_system.ts";

/** What the files of these tests hold. */
export function contentOf(path: string): Content {
  if (path.startsWith("/s/log/")) return "log";
  return path.startsWith("/s/index/") ? "index" : "blocks";
}

const STEPS = 120;
const DIRECTORIES = ["/s", "/s/log", "/s/blocks", "/s/index"] as const;
const PATHS = ["/s/log/a", "/s/log/b", "/s/blocks/a", "/s/blocks/b", "/s/index/a", "/s/index/b"] as const;
const LANES = ["log", "table"] as const;
const FILE_BYTES = 40;

/** A sync that was asked for when so many calls had reached the disk. */
interface Asked {
  readonly lane: Lane;
  readonly target: string;
  readonly at: number;
}

interface Handle {
  readonly path: string;
  readonly file: EngineFile;
  readonly plain: EngineFile;
}

type Names = Pick<SyncingFileSystem, "open" | "stat" | "list" | "rename" | "remove">;

/** One history. The same seed gives the same history. */
export class SyncingHistory {
  readonly #random: Random;
  readonly #lower: HeldSyncs;
  readonly #files: SyncingFileSystem;
  readonly #plain = new MemoryFileSystem();
  readonly #asked: Asked[] = [];
  readonly #waits: Promise<void>[] = [];
  readonly #failures: unknown[] = [];
  /** How many groups of syncs of the log began, and how many are done. */
  readonly #groups = { begun: 0, done: 0 };
  readonly #willFail: boolean;
  #hasFailed = false;
  #handles: Handle[] = [];
  #told = 0;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#random = random;
    this.#willFail = random.below(4) === 0;
    this.#lower = new HeldSyncs({ blockingDirectories: random.below(4) === 0 });
    for (const each of DIRECTORIES) for (const files of [this.#plain, this.#lower.inner]) files.makeDirectory(each);
    const events = {
      begins: () => {
        this.#groups.begun += 1;
        assert.equal(this.#groups.begun, this.#groups.done + 1, "a group began while another one ran");
        this.#told = this.#asked.length;
      },
      done: () => {
        this.#groups.done += 1;
        this.#assertDone("log", this.#told);
        if (this.#random.below(2) === 0) this.#askMore();
      },
      failed: (error: unknown) => this.#failures.push(error),
    };
    this.#files = new SyncingFileSystem(this.#lower, contentOf, events, () => {});
  }

  /** Throws if it differs from the plain file system, or if a rule is broken. */
  async run(): Promise<void> {
    for (let i = 0; i < STEPS && !this.#hasFailed; i++) {
      if (this.#random.below(5) === 0) await this.#endOne();
      else if (this.#random.below(4) > 0) this.#change();
      else this.#observe();
    }
    if (this.#hasFailed) await this.#afterFailure();
    else await this.#atTheEnd();
    for (const { file } of this.#handles) file.close();
    assert.equal(this.#lower.openFiles, 0);
  }

  async #atTheEnd(): Promise<void> {
    for (let rounds = 0; rounds < 3; rounds++) {
      this.#files.begin();
      await settle();
      while (this.#lower.held.length > 0) await this.#completeOne();
    }
    await Promise.all(this.#waits);
    assert.deepEqual(this.#failures, []);
    assert.deepEqual([this.#files.settled("log"), this.#files.settled("table")], [undefined, undefined]);
    for (const lane of LANES) this.#assertDone(lane, this.#asked.length);
    assert.deepEqual(tree(this.#lower), tree(this.#plain));
  }

  /** Nothing begins any more, and whoever waits learns of it. */
  async #afterFailure(): Promise<void> {
    const begun = this.#lower.reached.filter(({ name }) => name.startsWith("begin")).length;
    this.#files.begin();
    while (this.#lower.held.length > 0) await this.#completeOne();
    assert.equal(this.#lower.reached.filter(({ name }) => name.startsWith("begin")).length, begun);
    assert.equal(this.#failures.length, 1);
    await Promise.allSettled(this.#waits);
    this.#files.abandon();
    this.#handles = [];
  }

  async #endOne(): Promise<void> {
    if (this.#willFail && this.#random.below(8) === 0 && this.#lower.held.length > 0) {
      this.#lower.held[this.#random.below(this.#lower.held.length)]?.fail(diskError("EIO"));
      await settle();
      this.#hasFailed = true;
    } else {
      await this.#completeOne();
    }
  }

  async #completeOne(): Promise<void> {
    const { held } = this.#lower;
    held[this.#random.below(Math.max(1, held.length))]?.complete();
    await settle();
  }

  #change(): void {
    const choice = this.#random.below(100);
    if (choice < 12 || this.#handles.length === 0) this.#open();
    else if (choice < 46) this.#write();
    else if (choice < 62) this.#sync();
    else if (choice < 67) this.#close();
    else if (choice < 70) this.#truncate();
    else if (choice < 76) this.#remove();
    else if (choice < 80) this.#rename();
    else if (choice < 90) this.#files.begin();
    else if (choice < 97) this.#wait();
    else this.#finish();
  }

  #observe(): void {
    assert.deepEqual(tree(this.#files), tree(this.#plain));
    for (const { file, plain } of this.#handles) {
      assert.deepEqual(readAll(file, file.size()), readAll(plain, plain.size()));
    }
  }

  #open(): void {
    const path = this.#random.pick(PATHS);
    const isNew = this.#plain.stat(path) === undefined;
    const options = { write: true, create: true };
    const lane = laneOf(path);
    if (isNew && contentOf(path) === "index") this.#relies(["table"], () => this.#opened(path, options));
    else this.#opened(path, options);
    if (isNew) this.#ask(lane, parentOf(path));
  }

  #opened(path: string, options: { write: boolean; create: boolean }): void {
    const file = this.#files.open(path, options);
    this.#handles.push({ path, file, plain: this.#plain.open(path, options) });
  }

  #write(): void {
    const { path, file, plain } = this.#handle();
    const [position, bytes] = [this.#random.below(FILE_BYTES), this.#random.bytes(1 + this.#random.below(12))];
    const write = () => assert.equal(file.write(bytes, position), bytes.length);
    if (contentOf(path) === "index") this.#relies(["table"], write);
    else write();
    // It reached the disk at once.
    assert.equal(this.#lower.reached.at(-1)?.name, "write");
    plain.write(bytes, position);
  }

  #truncate(): void {
    const { path, file, plain } = this.#handle();
    const size = this.#random.below(FILE_BYTES);
    this.#relies([laneOf(path)], () => file.truncate(size));
    plain.truncate(size);
  }

  #sync(): void {
    const { path, file } = this.#handle();
    file.sync();
    this.#ask(laneOf(path), path);
  }

  /** As the engine, which learns of an end and asks for more in the same call. */
  #askMore(): void {
    const open = this.#handles.find(({ path }) => laneOf(path) === "log");
    if (!open) return;
    open.file.sync();
    this.#ask("log", open.path);
    this.#files.begin();
  }

  #close(): void {
    const handle = this.#handle();
    this.#handles = this.#handles.filter((each) => each !== handle);
    handle.file.close();
    handle.plain.close();
  }

  #remove(): void {
    const path = this.#random.pick(PATHS);
    if (!this.#plain.stat(path)) return;
    // The trace knows a file by its path.
    if (this.#handles.some((each) => each.path === path)) return;
    this.#relies(["table"], () => this.#files.remove(path));
    this.#plain.remove(path);
    this.#ask("table", parentOf(path));
  }

  #rename(): void {
    const [from, to] = [this.#random.pick(PATHS), this.#random.pick(PATHS)];
    if (from === to || !this.#plain.stat(from)) return;
    if (this.#handles.some(({ path }) => path === from || path === to)) return;
    this.#relies([laneOf(from), laneOf(to)], () => this.#files.rename(from, to));
    this.#plain.rename(from, to);
    for (const each of new Set([parentOf(from), parentOf(to)])) this.#ask("table", each);
  }

  #wait(): void {
    const lane = this.#random.pick(LANES);
    const count = this.#asked.length;
    const settled = this.#files.settled(lane);
    if (settled) this.#waits.push(settled.then(() => this.#assertDone(lane, count)));
    else this.#assertDone(lane, count);
  }

  #finish(): void {
    const directory = this.#random.pick(["/s/log", "/s/index", undefined]);
    this.#files.finish(directory);
    const lanes = directory === undefined ? LANES : [laneOf(`${directory}/`)];
    for (const lane of lanes) this.#assertDone(lane, this.#asked.length);
  }

  #handle(): Handle {
    return this.#random.pick(this.#handles);
  }

  #ask(lane: Lane, target: string): void {
    this.#asked.push({ lane, target, at: this.#lower.reached.length });
  }

  /** Makes a change that relies on all syncs of some lanes: when it reaches the disk they are done. */
  #relies(lanes: readonly Lane[], change: () => void): void {
    const count = this.#asked.length;
    change();
    const upTo = this.#lower.reached.length - 1;
    for (const lane of lanes) this.#assertDone(lane, count, upTo);
  }

  /** The first `count` syncs that were asked for are done, as far as they are of the lane. */
  #assertDone(lane: Lane, count: number, upTo = this.#lower.reached.length): void {
    for (const asked of this.#asked.slice(0, count)) {
      if (asked.lane === lane) assert.ok(isDone(asked, this.#lower.reached, upTo), `${asked.target} is not synced`);
    }
  }
}

/** Whether a sync of the target that began after it was asked for has ended. */
function isDone({ target, at }: Asked, reached: readonly Reached[], upTo: number): boolean {
  const later = reached.slice(at, upTo).filter(({ path }) => path === target);
  if (later.some(({ name }) => name === "sync" || name === "syncDirectory")) return true;
  const begun = new Set(later.filter(({ name }) => name.startsWith("begin")).map(({ sync }) => sync));
  return later.some(({ name, sync }) => name === "end" && begun.has(sync));
}

function laneOf(path: string): Lane {
  return contentOf(path) === "log" ? "log" : "table";
}

function readAll(file: EngineFile, length: number): number[] {
  const buffer = new Uint8Array(length);
  assert.equal(file.read(buffer, 0), length);
  return [...buffer];
}

/** All files with their content. */
function tree(files: Names): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const directory of DIRECTORIES) {
    for (const { name, kind } of files.list(directory)) {
      if (kind !== "file") continue;
      const path = `${directory}/${name}`;
      const file = files.open(path, {});
      found[path] = readAll(file, files.stat(path)?.size ?? 0);
      file.close();
    }
  }
  return Object.fromEntries(Object.entries(found).sort(([x], [y]) => (x < y ? -1 : 1)));
}

/**
 * One life of a store on a disk that fails. Checks that the store kept its promises.
 *
 * @module
 */

import process from "node:process";
import { open, type SledStore, StoreError } from "../../../mod.ts";
import { Random } from "../../lib/random.ts";
import { imageOf, mount } from "../stores/image.ts";
import { type Commit, configOf, PLACE, stateAfter } from "../stores/shapes.ts";
import { type CallKind, type Fault, FaultyDisk } from "./faulty_disk.ts";

/** The result of a run. */
export interface FaultResult {
  /** Whether the fault happened, and whether the store reported it. */
  readonly outcome: "not reached" | "tolerated" | "reported";
  /** The problems that were found; empty for none. */
  readonly problems: readonly string[];
  readonly counts: ReadonlyMap<CallKind, number>;
}

const VERSIONS_TO_KEEP = 2;
/** The error codes that an injected error may have. */
const CODES: ReadonlySet<string> = new Set(["IO_ERROR", "PATH_UNAVAILABLE"]);

/** Runs the workload of a seed, with or without a fault. */
export async function runWithFault(
  seed: number,
  fault: Fault | undefined,
  wasm: WebAssembly.Module,
): Promise<FaultResult> {
  const run = new FaultRun(seed, wasm);
  return await run.run(fault);
}

class FaultRun {
  readonly #random: Random;
  readonly #wasm: WebAssembly.Module;
  readonly #disk = new FaultyDisk();
  readonly #history: Commit[] = [];
  readonly #problems: string[] = [];
  /** How many commits were acknowledged as durable: all commits up to the last acknowledged one. */
  #acknowledged = 0;
  #store: SledStore | undefined;

  constructor(seed: number, wasm: WebAssembly.Module) {
    this.#random = new Random(seed);
    this.#wasm = wasm;
  }

  async run(fault: Fault | undefined): Promise<FaultResult> {
    const unhandled = (error: unknown) => this.#problems.push(`unhandled rejection: ${String(error)}`);
    process.on("unhandledRejection", unhandled);
    try {
      this.#disk.fault = fault;
      const failure = await this.#live();
      await this.#afterwards(failure);
      return { outcome: this.#outcome(failure), problems: this.#problems, counts: this.#disk.counts };
    } finally {
      process.off("unhandledRejection", unhandled);
    }
  }

  #outcome(failure: { error: unknown } | undefined): FaultResult["outcome"] {
    if (this.#disk.strikes === 0) return "not reached";
    return failure ? "reported" : "tolerated";
  }

  /** Runs the workload until the first failure. */
  async #live(): Promise<{ error: unknown } | undefined> {
    try {
      await this.#open();
      await this.#writes(12);
      await this.#large();
      this.#writeSync();
      await this.#reopen();
      await this.#writes(8);
      await this.#transact();
      await this.#snapshot();
      await this.#store?.compact();
      await this.#readOnly();
      await this.#open();
      await this.#writes(6);
      await this.#verify();
      await this.#store?.deleteRange({ prefix: "none" });
      await this.#close();
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  async #open(): Promise<void> {
    this.#store ??= await open(this.#config());
  }

  #config() {
    return { ...configOf(this.#disk, VERSIONS_TO_KEEP), wasm: this.#wasm };
  }

  async #close(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  async #reopen(): Promise<void> {
    await this.#close();
    await this.#open();
    this.#check(await contentOf(this.#opened()), "after a reopen");
  }

  async #readOnly(): Promise<void> {
    await this.#close();
    this.#store = await open({ ...this.#config(), readOnly: true });
    this.#check(await contentOf(this.#opened()), "for reading only");
    await this.#close();
  }

  #opened(): SledStore {
    if (!this.#store) throw new Error("the store is not open");
    return this.#store;
  }

  /** Writes some groups of commits. Each group waits for one sync, and includes deletions and small batches. */
  async #writes(groups: number): Promise<void> {
    for (let group = 0; group < groups; group++) {
      const writes = Array.from({ length: 1 + this.#random.below(4) }, () => {
        const commit = this.#commit(1 + this.#random.below(12), this.#random.pick([30, 300, 3000]));
        return this.#acknowledge(this.#opened().batch(operationsOf(commit)));
      });
      await allOf(writes);
    }
  }

  async #large(): Promise<void> {
    for (const size of [6000, 70_000, 1_100_000]) {
      await this.#acknowledge(this.#opened().batch(operationsOf(this.#commit(1, size))));
      const commit = this.#commit(1, size);
      for (const [key, value] of commit) {
        await this.#acknowledge(value ? this.#opened().put(key, value) : this.#opened().delete(key));
      }
    }
  }

  #writeSync(): void {
    for (let i = 0; i < 4; i++) {
      this.#opened().batchSync(operationsOf(this.#commit(3, 500)));
      this.#acknowledged = this.#history.length;
    }
    this.#opened().flushSync();
  }

  async #transact(): Promise<void> {
    await this.#opened().transaction((tx) => {
      const commit = this.#commit(3, 400);
      tx.get("key/1");
      for (const [key, value] of commit) {
        if (value) tx.put(key, value);
        else tx.delete(key);
      }
    });
    this.#acknowledged = this.#history.length;
  }

  async #snapshot(): Promise<void> {
    const before = stateAfter(this.#history, this.#history.length);
    const snapshot = this.#opened().snapshot();
    await this.#writes(3);
    const different = differenceOf(new Map(snapshot.entries()), before);
    if (different) this.#problems.push(`a snapshot changed: ${different}`);
    snapshot[Symbol.dispose]();
  }

  async #verify(): Promise<void> {
    const { damages } = await this.#opened().verify();
    for (const { file, message } of this.#seemsCut() ? [] : damages)
      this.#problems.push(`verification: ${file}: ${message}`);
  }

  #commit(keys: number, bytes: number): Commit {
    const commit = new Map<string, Uint8Array | undefined>();
    const number = this.#history.length;
    for (let i = 0; i < keys; i++) {
      const value = new Uint8Array(bytes + this.#random.below(20)).fill(number);
      value.set([number & 255, number >> 8, i], 0);
      commit.set(`key/${this.#random.below(40)}`, this.#random.below(8) === 0 ? undefined : value);
    }
    this.#history.push(commit);
    return commit;
  }

  /** When `write` resolves, the last commit and all before it are durable. */
  async #acknowledge(write: Promise<unknown>): Promise<void> {
    const count = this.#history.length;
    await write;
    this.#acknowledged = Math.max(this.#acknowledged, count);
  }

  async #afterwards(failure: { error: unknown } | undefined): Promise<void> {
    if (failure) this.#checkError(failure.error);
    await this.#checkFailed(failure?.error);
    const broken = this.#disk.fault;
    if (broken?.forever && this.#disk.strikes > 0) await this.#tryBroken();
    this.#disk.fault = undefined;
    await later();
    if (this.#disk.locks !== 0) this.#problems.push(`${this.#disk.locks} locks are left`);
    if (this.#disk.openFiles !== 0) this.#problems.push(`${this.#disk.openFiles} files are left open`);
    await this.#recover(mount(this.#disk.durableImage(PLACE), PLACE), "after a power cut");
    await this.#recover(mount(this.#imageNow(), PLACE), "after a kill");
    await this.#recover(this.#disk, "on the mended disk");
  }

  #imageNow() {
    return this.#disk.stat(PLACE) ? imageOf(this.#disk, PLACE) : new Map<string, Uint8Array>();
  }

  /**
   * A read that returned no bytes because of the fault looks like the end of a file, and luge must take it for that.
   */
  #seemsCut(): boolean {
    const { fault, strikes } = this.#disk;
    return strikes > 0 && fault?.kind === "read" && fault.mode === "nothing";
  }

  /** Checks that the error has the right code, and the original error in its chain of causes. */
  #checkError(error: unknown): void {
    const shown = String((error as Error)?.stack ?? error);
    if (!(error instanceof StoreError)) this.#problems.push(`not a StoreError: ${shown}`);
    const first = error instanceof StoreError && error.code === "STORE_FAILED" ? error.cause : error;
    if (this.#disk.strikes === 0) this.#problems.push(`failed without a fault: ${shown}`);
    if (!(first instanceof StoreError)) return;
    const isExpected = CODES.has(first.code) || (this.#seemsCut() && first.code === "STORE_CORRUPT");
    if (!isExpected) this.#problems.push(`the code is ${first.code}: ${shown}`);
    else if (this.#disk.thrown.size > 0 && !hasCause(first, this.#disk.thrown))
      this.#problems.push(`another cause: ${shown}`);
  }

  /** Checks that a failed store says so, and releases everything. */
  async #checkFailed(error: unknown): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    if (!store || error === undefined) return;
    const again = await store.put("late", "late").then(
      () => "nothing",
      (reason: unknown) => (reason instanceof StoreError ? reason.code : String(reason)),
    );
    if (again !== "STORE_FAILED" && again !== "STORE_CLOSED")
      this.#problems.push(`a put after the failure gave ${again}`);
    await store.close().catch((reason: unknown) => {
      if (!(reason instanceof StoreError)) this.#problems.push(`close gave ${String(reason)}`);
    });
  }

  /**
   * Opens the store on the broken disk. The open must be refused with the disk's error, or succeed and lose nothing.
   */
  async #tryBroken(): Promise<void> {
    try {
      const store = await open(this.#config());
      this.#store = store;
      await store.close();
      this.#store = undefined;
    } catch (error) {
      this.#checkError(error);
      await this.#store?.close().catch(() => undefined);
      this.#store = undefined;
    }
  }

  async #recover(fileSystem: FaultyDisk | ReturnType<typeof mount>, when: string): Promise<void> {
    try {
      const config = { ...configOf(fileSystem, VERSIONS_TO_KEEP), wasm: this.#wasm };
      const store = await open(config);
      const found = await contentOf(store);
      this.#check(found, when);
      if (fileSystem !== this.#disk) {
        await store.close();
        return;
      }
      const { damages } = await store.verify();
      for (const { file, message } of damages) this.#problems.push(`${when}: verification: ${file}: ${message}`);
      await store.put("new", "new");
      await store.close();
      const again = await open(config);
      const different = differenceOf(await contentOf(again), found.set("new", new TextEncoder().encode("new")));
      if (different) this.#problems.push(`${when}: the second open shows something else: ${different}`);
      await again.close();
    } catch (error) {
      this.#problems.push(`${when}: not recovered: ${String((error as Error)?.stack ?? error)}`);
    }
  }

  /** Checks that the content is a prefix of the history that has all acknowledged commits. */
  #check(found: Map<string, Uint8Array>, when: string): void {
    let different: string | undefined;
    for (let count = this.#history.length; count >= this.#acknowledged; count--) {
      const difference = differenceOf(found, stateAfter(this.#history, count));
      if (difference === undefined) return;
      different ??= difference;
    }
    const prefix = this.#history.findIndex((_, i) => differenceOf(found, stateAfter(this.#history, i)) === undefined);
    const which = prefix < 0 ? "no prefix" : `only the first ${prefix} commits`;
    this.#problems.push(
      `${when}: ${which} of ${this.#history.length}, ${this.#acknowledged} acknowledged: ${different}`,
    );
  }
}

async function contentOf(store: SledStore): Promise<Map<string, Uint8Array>> {
  return new Map(store.entries());
}

function operationsOf(commit: Commit) {
  return Array.from(commit, ([key, value]) =>
    value ? ({ type: "put", key, value } as const) : ({ type: "delete", key } as const),
  );
}

/** Waits for all promises. Then rejects with the first error, if there is one. */
async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(promises);
  for (const result of settled) if (result.status === "rejected") throw result.reason;
}

function hasCause(error: unknown, causes: ReadonlySet<unknown>): boolean {
  for (let each = error; each instanceof Error; each = each.cause) if (causes.has(each)) return true;
  return false;
}

function differenceOf(found: Map<string, Uint8Array>, expected: Map<string, Uint8Array>): string | undefined {
  for (const [key, value] of expected) {
    const there = found.get(key);
    if (!there) return `'${key}' is missing`;
    if (Buffer.compare(there, value) !== 0) return `'${key}' has another value`;
  }
  for (const key of found.keys()) if (!expected.has(key)) return `'${key}' is there and was not`;
  return undefined;
}

/** By then, late rejections have arrived. */
function later(): Promise<void> {
  return new Promise((resolve) => setTimeout(() => setImmediate(resolve), 0));
}

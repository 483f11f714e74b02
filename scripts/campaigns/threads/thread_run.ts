/**
 * Random loads of stores with a real worker thread. Each store is compared with a map, whole and key by key.
 *
 * The simulation decides when a job ends; here the machine does. So a run with a fault may pass the next time.
 *
 * @module
 */

import { type BatchOperation, open, type SledStore } from "../../../mod.ts";
import { Random } from "../../lib/random.ts";
import { keysOf, spread } from "./keys.ts";

/** What a run did. */
export interface ThreadRun {
  /** How many jobs the worker did, and how many times it failed. */
  readonly jobs: number;
  readonly failures: number;
  /** The first difference between the store and the map; `undefined` if there was none. */
  readonly fault: string | undefined;
}

/** About how many bytes a run writes between two comparisons. */
const BYTES_A_PHASE = 6_000_000;
const GROUPS = [20, 100, 500, 1000] as const;
const VALUE_BYTES = [8, 60, 300, 300, 1000] as const;
/** Mostly the least: the worker then does many jobs, and each has few blocks. */
const WRITE_BUFFER_BYTES = [2 ** 18, 2 ** 18, 2 ** 18, 2 ** 20] as const;
const NEVER = 2 ** 32;
/** Values are parts of this. */
const POOL = new Random(1).manyBytes(1 << 20);

/** Writes in several phases, each by another habit, and compares after each. Removes nothing from `path`. */
export async function threadRun(seed: number, path: string, phases = 4): Promise<ThreadRun> {
  const run = new Run(seed);
  for (let phase = 0; phase < phases && run.fault === undefined; phase++) await run.phase(path);
  return run;
}

class Run implements ThreadRun {
  jobs = 0;
  failures = 0;
  fault: string | undefined;
  readonly #random: Random;
  readonly #known = new Map<string, Uint8Array>();
  readonly #keyOf: (i: number) => string;
  readonly #valueBytes: number;
  readonly #writeBufferSize: number;
  /** Every other run: the load that once found keys out of order, in 7 of 30 runs. The others vary everything. */
  readonly #isPlain: boolean;
  readonly #areEqual: boolean;
  readonly #deleteOneIn: number;
  readonly #largeOneIn: number;
  #written = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#isPlain = seed % 2 === 0;
    this.#keyOf = this.#isPlain ? spread(7919, 100_003) : keysOf(this.#random);
    this.#valueBytes = this.#isPlain ? 300 : this.#random.pick(VALUE_BYTES);
    this.#writeBufferSize = this.#isPlain ? 2 ** 18 : this.#random.pick(WRITE_BUFFER_BYTES);
    this.#areEqual = this.#isPlain || this.#random.below(3) > 0;
    this.#deleteOneIn = this.#isPlain ? NEVER : this.#random.pick([NEVER, 12]);
    this.#largeOneIn = this.#isPlain ? NEVER : this.#random.pick([NEVER, 400]);
  }

  async phase(path: string): Promise<void> {
    const compression = this.#random.pick(["none", "lz4"] as const);
    const config = {
      path,
      workers: "auto",
      syncWrites: this.#isPlain || this.#random.below(4) > 0,
      compression,
    } as const;
    const store = await open({ ...config, cacheSize: 2 ** 20, writeBufferSize: this.#writeBufferSize });
    try {
      await this.#load(store);
      this.fault = await this.#compare(store);
      const { workerJobs, workerFailures } = store.metrics();
      this.jobs += workerJobs;
      this.failures += workerFailures;
    } catch (error) {
      this.fault = `a call failed: ${error instanceof Error ? error.stack : error}`;
    } finally {
      await store.close();
    }
  }

  async #load(store: SledStore): Promise<void> {
    const group = this.#isPlain ? 500 : this.#random.pick(GROUPS);
    const style = this.#random.pick(this.#isPlain ? ["puts"] : ["puts", "batch", "both"]);
    const beside = this.#random.pick<Beside>(this.#isPlain ? ["nothing"] : ["nothing", "compact", "backup", "verify"]);
    const groups = Math.ceil(BYTES_A_PHASE / (group * (this.#valueBytes + 20)));
    let work: Promise<unknown> = Promise.resolve();
    for (let i = 0; i < groups; i++) {
      const operations = Array.from({ length: group }, () => this.#operation());
      if (style === "batch" || (style === "both" && i % 2 === 0)) await store.batch(operations);
      else
        await Promise.all(
          operations.map((each) => (each.type === "put" ? store.put(each.key, each.value) : store.delete(each.key))),
        );
      if (i !== groups >> 1) continue;
      work = besideOf(store, beside);
      // It is awaited at the end.
      work.catch(() => {});
    }
    await work;
  }

  #operation(): Extract<BatchOperation, { type: "put" | "delete" }> & { readonly key: string } {
    const random = this.#random;
    const key = this.#keyOf(this.#written++);
    if (random.below(this.#deleteOneIn) === 0) {
      this.#known.delete(key);
      return { type: "delete", key };
    }
    // Some values are large enough for the log.
    const usual = this.#areEqual ? this.#valueBytes : random.below(this.#valueBytes);
    const length = random.below(this.#largeOneIn) === 0 ? 4096 + random.below(20_000) : usual;
    const start = random.below(POOL.length - length);
    const value = POOL.subarray(start, start + length);
    this.#known.set(key, value);
    return { type: "put", key, value };
  }

  async #compare(store: SledStore): Promise<string | undefined> {
    const { damages } = await store.verify();
    if (damages.length > 0) return `verify found ${damages.length} damages: ${damages[0]?.message}`;
    const keys = [...this.#known.keys()].sort();
    let at = 0;
    for await (const [key, value] of store.entries()) {
      const expected = keys[at];
      if (key !== expected) return `a walk has '${key}' at place ${at}, expected '${expected}'`;
      if (!isSame(this.#known.get(key), value)) return `a walk has another value of '${key}'`;
      at += 1;
    }
    if (at !== keys.length) return `a walk has ${at} entries, expected ${keys.length}`;
    if ((await store.count()) !== keys.length) return `the count is ${await store.count()}, expected ${keys.length}`;
    for (const [key, value] of this.#known) {
      if (!isSame(store.getSync(key), value)) return `get has another value of '${key}'`;
    }
    return undefined;
  }
}

type Beside = "nothing" | "compact" | "backup" | "verify";

async function besideOf(store: SledStore, what: Beside): Promise<void> {
  if (what === "compact") await store.compact();
  if (what === "verify") await store.verify();
  if (what === "backup") for await (const _ of store.backup());
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
}

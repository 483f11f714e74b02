/**
 * Random histories, and watches of them: each change must be delivered once, in the order of the commits.
 *
 * @module
 */

import {
  type BatchOperation,
  type Change,
  MemoryFileSystem,
  MemoryStore,
  open,
  type Store,
  StoreError,
} from "../../../mod.ts";
import { Random } from "../../lib/random.ts";

/** The kind of store of a history. */
export type StoreKind = "MemoryStore" | "SledStore";

/** The size of a history. */
export interface HistorySize {
  readonly commits: number;
  /** The most keys of one commit. */
  readonly keys: number;
  readonly valueBytes: number;
  /** About how many bytes all values of a commit have. */
  readonly commitBytes: number;
  /**
   * Whether a history draws its own bounds below these, each order of magnitude being equally likely. Default: false.
   */
  readonly isVaried?: boolean;
}

/** The numbers of wrong deliveries of watches. */
export interface WatchFaults {
  watches: number;
  changes: number;
  missed: number;
  doubled: number;
  outOfOrder: number;
  /** Changes with a wrong type, value or expiry. */
  other: number;
}

interface Told {
  readonly version: number;
  readonly key: string;
  /** The length of the value; below 0 for a deletion. */
  readonly bytes: number;
  /** The first bytes of the value. */
  readonly mark: number;
}

/** Sizes up to a batch of 10,000 keys and values of 200 KB. */
export const LARGE: HistorySize = { commits: 10, keys: 10_000, valueBytes: 200_000, commitBytes: 1_000_000 };

/** The same limits, but most histories are small: about 7 of 100 may have batches of more than 5,000 keys. */
export const VARIED: HistorySize = { ...LARGE, isVaried: true };

const LAST_KEY = "~last";

/** Runs the history of a seed, and watches it from every version. */
export async function watchHistory(seed: number, kind: StoreKind, size: HistorySize): Promise<WatchFaults> {
  const history = new WatchedHistory(seed, kind, size);
  await history.run();
  return history.faults;
}

class WatchedHistory {
  readonly faults: WatchFaults = { watches: 0, changes: 0, missed: 0, doubled: 0, outOfOrder: 0, other: 0 };
  readonly #random: Random;
  readonly #kind: StoreKind;
  readonly #size: HistorySize;
  readonly #fileSystem = new MemoryFileSystem();
  readonly #all: Told[] = [];
  /** How many different keys there are: few in some histories, so that keys repeat, and many in others. */
  readonly #keys: number;
  /**
   * How many of a hundred operations delete. A compaction forgets deletions, and then history does not reach back so
   * far.
   */
  readonly #deletes: number;
  #store!: Store;
  #number = 0;

  constructor(seed: number, kind: StoreKind, size: HistorySize) {
    this.#random = new Random(seed);
    this.#kind = kind;
    this.#size = size.isVaried
      ? { ...size, keys: this.#anyOrder(size.keys), valueBytes: this.#anyOrder(size.valueBytes) }
      : size;
    this.#keys = this.#random.pick([5, 1000, 20_000]);
    this.#deletes = this.#random.pick([0, 0, 0, 30]);
  }

  async run(): Promise<void> {
    this.#store = await this.#open();
    const early = new Reader(this.#store, 0);
    let late: Reader | undefined;
    const commits = 1 + this.#random.below(this.#size.commits);
    for (let i = 0; i < commits; i++) {
      await this.#act();
      // A reader stops anywhere, and continues after other things have happened.
      if (this.#random.below(2) === 0) await early.read(Math.min(this.#random.below(3000), this.#left(early) >> 1));
      if (!late && this.#random.below(3) === 0)
        late = new Reader(this.#store, this.#random.below(this.#store.version + 1));
      if (this.#random.below(4) === 0) await this.#store.compact();
      if (this.#kind === "SledStore" && this.#random.below(6) === 0) {
        await this.#finish([early, late]);
        await this.#store.close();
        this.#store = await this.#open();
        early.resume(this.#store);
        late?.resume(this.#store);
      }
    }
    const versions = new Set([0, ...this.#all.map(({ version }) => version)]);
    await this.#finish([early, late, ...Array.from(versions, (since) => new Reader(this.#store, since))]);
    await this.#store.close();
  }

  async #open(): Promise<Store> {
    if (this.#kind === "MemoryStore") return new MemoryStore({ numVersionsToKeep: 1000 });
    const sizes = { writeBufferSize: 256 * 1024, cacheSize: 2 ** 20 };
    return await open({ path: "/store", fileSystem: this.#fileSystem, numVersionsToKeep: 1000, ...sizes });
  }

  /** Reads to the end, which is one more change, and compares. */
  async #finish(readers: readonly (Reader | undefined)[]): Promise<void> {
    await this.#commit([{ type: "put", key: LAST_KEY, value: "" }]);
    for (const reader of readers) {
      if (!reader) continue;
      await reader.read(Number.POSITIVE_INFINITY, this.#store.version);
      this.#compare(reader);
    }
  }

  /** How many changes a reader has not received yet. */
  #left({ since, told }: Reader): number {
    return this.#all.filter(({ version }) => version > since).length - told.length;
  }

  async #act(): Promise<void> {
    const random = this.#random;
    const { valueBytes, commitBytes } = this.#size;
    const count = this.#count();
    const most = Math.min(valueBytes, Math.ceil((2 * commitBytes) / count));
    const operations = new Map<string, BatchOperation>();
    for (let i = 0; i < count; i++) {
      const key = `k${random.below(Math.max(this.#keys, count))}`;
      const isDeleted = random.below(100) < this.#deletes;
      operations.set(
        key,
        isDeleted ? { type: "delete", key } : { type: "put", key, value: this.#value(random.below(most)) },
      );
    }
    await this.#commit([...operations.values()]);
  }

  /** The number of keys of a commit. In varied histories, one commit in eight has the most keys allowed. */
  #count(): number {
    const { isVaried, keys } = this.#size;
    const random = this.#random;
    if (!isVaried) return Math.min(1 + random.below(random.pick([1, 3, 100, 5000, keys])), keys);
    return random.below(8) === 0 ? keys : this.#anyOrder(keys);
  }

  /** A number from 1 to `most`. Each order of magnitude is equally likely. */
  #anyOrder(most: number): number {
    const share = this.#random.below(2 ** 20) / (2 ** 20 - 1);
    return Math.round(most ** share);
  }

  #value(length: number): Uint8Array {
    const value = new Uint8Array(length);
    if (length >= 4) new DataView(value.buffer).setUint32(0, ++this.#number);
    return value;
  }

  async #commit(operations: readonly BatchOperation[]): Promise<void> {
    await this.#store.batch(operations);
    const { version } = this.#store;
    const sorted = [...operations].sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1));
    for (const operation of sorted) {
      const value = operation.type === "put" ? operation.value : undefined;
      const bytes = typeof value === "string" ? new Uint8Array(value.length) : value;
      this.#all.push({ version, key: String(operation.key), ...shape(bytes) });
    }
  }

  #compare(reader: Reader): void {
    const { faults } = this;
    faults.watches += 1;
    faults.changes += reader.told.length;
    const all = this.#all.filter(({ version }) => version > reader.since);
    if (all.length === reader.told.length && all.every((each, index) => isSame(each, reader.told[index]))) return;
    const name = ({ version, key }: Told) => `${version} ${key}`;
    const expected = new Map(all.map((each) => [name(each), each]));
    const seen = new Set<string>();
    let [order, before] = [0, -1];
    const places = new Map(Array.from(expected.keys(), (each, index) => [each, index]));
    for (const told of reader.told) {
      const known = expected.get(name(told));
      if (seen.has(name(told))) faults.doubled += 1;
      seen.add(name(told));
      if (!known || known.bytes !== told.bytes || known.mark !== told.mark) faults.other += 1;
      order = places.get(name(told)) ?? order;
      if (order < before) faults.outOfOrder += 1;
      before = order;
    }
    for (const each of expected.keys()) if (!seen.has(each)) faults.missed += 1;
  }
}

function isSame({ version, key, bytes, mark }: Told, other: Told | undefined): boolean {
  return other?.version === version && other.key === key && other.bytes === bytes && other.mark === mark;
}

function shape(value: Uint8Array | undefined): Pick<Told, "bytes" | "mark"> {
  if (!value) return { bytes: -1, mark: 0 };
  const mark = value.length >= 4 ? new DataView(value.buffer, value.byteOffset).getUint32(0) : 0;
  return { bytes: value.length, mark };
}

/** Reads a watch, as far as it is asked to. */
class Reader {
  told: Told[] = [];
  /** The version after which it reads. It does not ask for changes that are not in the history any more. */
  since: number;
  #store: Store;
  #changes: AsyncIterator<Change> | undefined;

  constructor(store: Store, since: number) {
    this.#store = store;
    this.since = since;
  }

  /** Continues in a reopened store. It has read everything before. */
  resume(store: Store): void {
    this.#store = store;
    this.#changes = undefined;
  }

  /** Reads `count` changes, or all changes up to the last one of version `until`. */
  async read(count: number, until = 0): Promise<void> {
    for (let left = count; left > 0; left--) {
      const last = this.told.at(-1);
      if (last?.key === LAST_KEY && last.version === until) return;
      try {
        this.#changes ??= this.#store
          .watch({}, { since: this.told.at(-1)?.version ?? this.since })
          [Symbol.asyncIterator]();
        const { value } = await this.#changes.next();
        if (!value) throw new Error("The watch ended");
        const put = value.type === "put";
        this.told.push({
          version: value.version,
          key: value.key,
          ...shape(put ? (value.value ?? new Uint8Array(0)) : undefined),
        });
      } catch (error) {
        if (!(error instanceof StoreError && error.code === "VERSION_GONE")) throw error;
        const { version = 0 } = error;
        if (version <= this.since || version > this.#store.version) throw new Error(`Told to resume from ${version}`);
        [this.since, this.told, this.#changes] = [version, [], undefined];
        // Fewer changes are left now.
        if (Number.isFinite(count)) return;
      }
    }
  }
}

/**
 * What a transaction over a server reads: a version, with its own writes on top. It notes what was read.
 *
 * @module
 */

import type { Page, StoredOperation, StoredValue } from "../backend.ts";
import { type ByteRange, isInRange } from "../byte_range.ts";
import { keyOf, nameOf } from "../bytes.ts";
import { upTo, WriteSet } from "../store/write_set.ts";
import type { AsyncOperation, ReadCheck, ScannedPage, ScannedRange, SummedPage } from "./backend.ts";
import { afterMerges, mergesOf } from "./requests.ts";
import { toPage } from "./server_walk.ts";
import type { HeldSource, VersionSource } from "./sources.ts";

/** The largest page, in entries. */
const MOST_ENTRIES = 1000;
/** How many additional entries a page asks for, because the transaction may have deleted some of them. */
const MOST_HIDDEN = 100;
const IN_BYTES = { encoding: "bytes", strip: 0 } as const;

/** See the module. */
export class TransactionSource implements HeldSource {
  readonly #held: VersionSource;
  readonly #check: (action: string) => void;
  readonly #writes = new WriteSet();
  /** Merges of keys that were not read since. They come after the operation of the key, if it has one. */
  readonly #merges: Map<string, StoredOperation[]> = new Map();
  readonly #keys: Map<string, Uint8Array> = new Map();
  readonly #ranges: ByteRange[] = [];

  /** `check` throws if the transaction has ended. */
  constructor(held: VersionSource, check: (action: string) => void) {
    this.#held = held;
    this.#check = check;
  }

  get version(): number {
    return this.#held.version;
  }

  /** Whether it has nothing to write. */
  get isEmpty(): boolean {
    return this.#writes.bytes === 0 && this.#merges.size === 0;
  }

  /** What was read. */
  get reads(): ReadCheck | undefined {
    if (this.#keys.size === 0 && this.#ranges.length === 0) return undefined;
    return { since: this.version, keys: [...this.#keys.values()], ranges: this.#ranges };
  }

  /** What is to be written. Each key is in one operation. */
  get operations(): AsyncOperation[] {
    for (const [name, merges] of this.#merges) {
      const own = this.#writes.get(keyOf(name));
      if (own) this.#settle(name, own, merges);
    }
    const changes = Array.from(this.#merges, ([name, merges]) => mergesOf(keyOf(name), merges));
    return [...this.#writes.operations(), ...changes];
  }

  /** Notes a write. Takes ownership of its bytes. */
  add(operation: StoredOperation): void {
    this.#merges.delete(nameOf(operation.key));
    this.#writes.add(operation);
  }

  /** Notes a merge. */
  merge(merge: StoredOperation): void {
    const name = nameOf(merge.key);
    const before = this.#merges.get(name);
    if (before) before.push(merge);
    else this.#merges.set(name, [merge]);
  }

  check(action: string): void {
    this.#check(action);
  }

  async read(keys: readonly Uint8Array[]): Promise<readonly (StoredValue | undefined)[]> {
    const missing = keys.filter((key) => !this.#writes.get(key));
    for (const key of missing) this.#keys.set(nameOf(key), key);
    const found = missing.length === 0 ? [] : await this.#held.read(missing);
    const values = new Map(missing.map((key, i) => [nameOf(key), found[i]]));
    return keys.map((key) => {
      const name = nameOf(key);
      const merges = this.#merges.get(name);
      if (merges) this.#settle(name, this.#writes.get(key) ?? values.get(name), merges);
      const own = this.#writes.get(key);
      if (!own) return values.get(name);
      // They have no version yet: it will be above all versions that exist.
      return own.value && { value: own.value.slice(), version: this.version + 1, expiresMs: own.expiresMs };
    });
  }

  async scan(range: ScannedRange): Promise<ScannedPage> {
    // Each deletion of this transaction may hide an entry. If a page becomes too short, another page follows.
    const hidden = Math.min(this.#writes.deletions, MOST_HIDDEN);
    const limit = Math.min(range.limit ?? MOST_ENTRIES, MOST_ENTRIES) + hidden;
    const found = await this.#held.scan({ ...range, limit });
    const page = toPage(found, IN_BYTES, range.keysOnly === true);
    const last = page.last ?? (page.keys.length === limit ? page.keys.at(-1) : undefined);
    const covered = upTo(range, last);
    const { lower, lowerIncluded = true, upper, upperIncluded = false } = covered;
    this.#ranges.push({ lower, lowerIncluded, upper, upperIncluded });
    const mergedKeys = Array.from(this.#merges.keys(), keyOf).filter((key) => isInRange(covered, key));
    if (mergedKeys.length > 0) await this.read(mergedKeys);
    const own = this.#writes.over({ ...page, last }, range, IN_BYTES, this.version + 1);
    return { version: this.version, entries: entriesOf(own), last: own.last };
  }

  async count(range: ByteRange): Promise<SummedPage> {
    const { entries, last, version } = await this.scan({ ...range, keysOnly: true });
    return { sum: Math.min(entries.length, range.limit ?? entries.length), last, version };
  }

  /** The version does not change. Only the transaction's own writes do, and an iterator must see these. */
  async holdNow(): Promise<HeldSource> {
    return this;
  }

  async hold(): Promise<HeldSource> {
    return this;
  }

  release(): void {}

  /** Ends the hold of the version. */
  end(): void {
    this.#held.release();
  }

  #settle(name: string, found: Omit<StoredOperation, "key"> | undefined, merges: readonly StoredOperation[]): void {
    this.add({ ...(afterMerges(found, merges) as StoredOperation), key: keyOf(name) });
  }
}

function entriesOf({ keys, values, versions = [], expiries = [] }: Page<"bytes">): ScannedPage["entries"] {
  return keys.map((key, i) => ({ key, value: values[i], version: versions[i] ?? 0, expiresMs: expiries[i] ?? 0 }));
}

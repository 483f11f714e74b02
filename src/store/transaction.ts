/**
 * Optimistic transactions: reads at a snapshot, writes in memory, and at the end a check that nobody changed what was
 * read.
 *
 * A snapshot alone would allow write skew, see H. Berenson et al., "A Critique of ANSI SQL Isolation Levels" (1995).
 * Checking all reads, ranges included, makes transactions serializable, see H. T. Kung and J. T. Robinson, "On
 * Optimistic Methods for Concurrency Control" (1981).
 *
 * @module
 */

import type { Key, KeyEncoding, Value } from "../api/keys.ts";
import type { Transaction, TransactionView } from "../api/transaction.ts";
import type { ViewReader } from "../api/view_reader.ts";
import type { ExpiryOptions } from "../api/writes.ts";
import type { Backend, Counted, Page, StoredOperation, StoredValue } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { nameOf } from "../bytes.ts";
import { encodeValue } from "../encoding.ts";
import { StoreError } from "../errors.ts";
import type { KeyFormat } from "../key_format.ts";
import type { KeySpace } from "../key_space.ts";
import { refuseSecond } from "../options.ts";
import { BaseReader } from "./base_reader.ts";
import { type Checked, ConflictCheck, type ReadSet } from "./conflict_check.ts";
import type { StoreCore } from "./core.ts";
import { type MergeKind, toOperand } from "./merges.ts";
import type { OpenStore } from "./open_store.ts";
import type { HeldReadSource, ReadSource, SnapshotSource } from "./read_source.ts";
import { checkView } from "./reader_part.ts";
import { ViewInTransaction } from "./transaction_view.ts";
import { expiryOf } from "./write_options.ts";
import { upTo, WriteSet } from "./write_set.ts";

/** The largest page, in entries. Each entry is copied on its own, to compare it with the transaction's writes. */
const MOST_ENTRIES = 1000;
/** How many additional entries a page asks for, because the transaction may have deleted some of them. */
const MOST_HIDDEN = 100;

/** One attempt of a transaction. */
export class StoreTransaction extends BaseReader implements Transaction {
  readonly #core: StoreCore;
  readonly #snapshot: SnapshotSource;
  readonly #source: TransactionSource;
  readonly #writes = new WriteSet();
  #hasEnded = false;
  #check: ConflictCheck | undefined;

  /** Takes ownership of the snapshot. */
  constructor({ core, space }: OpenStore, snapshot: SnapshotSource) {
    super(space);
    this.#core = core;
    this.#snapshot = snapshot;
    this.#source = new TransactionSource(snapshot, this.#writes);
  }

  get version(): number {
    return this.#snapshot.version;
  }

  put(key: Key, value: Value, options?: ExpiryOptions): void {
    this.putIn(this.space, key, value, options);
  }

  /** As {@linkcode Transaction.put}, for a key in a space. */
  putIn(space: KeySpace, key: Key, value: Value, options: ExpiryOptions | undefined): void {
    this.open("put");
    const expiresMs = expiryOf(options);
    this.#writes.add({ key: space.encode(key).slice(), value: encodeValue(value).slice(), expiresMs });
  }

  delete(key: Key): void {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    refuseSecond(arguments, "a key alone");
    this.deleteIn(this.space, key);
  }

  /** As {@linkcode Transaction.delete}, for a key in a space. */
  deleteIn(space: KeySpace, key: Key): void {
    this.open("delete");
    this.#writes.add({ key: space.encode(key).slice(), value: undefined, expiresMs: 0 });
  }

  increment(key: Key, by: number | bigint = 1, options?: ExpiryOptions): void {
    this.#merge("increment", key, by, options);
  }

  min(key: Key, value: number | bigint, options?: ExpiryOptions): void {
    this.#merge("min", key, value, options);
  }

  max(key: Key, value: number | bigint, options?: ExpiryOptions): void {
    this.#merge("max", key, value, options);
  }

  append(key: Key, end: Value, options?: ExpiryOptions): void {
    this.#merge("append", key, end, options);
  }

  view<T, K, P>(view: ViewReader<T, K, P>): TransactionView<T, K, P> {
    return new ViewInTransaction(this, checkView(view, this.#core));
  }

  /** Whether it has nothing to write. */
  get isEmpty(): boolean {
    return this.#writes.bytes === 0;
  }

  /** The writes of the transaction. */
  operations(): StoredOperation[] {
    return this.#writes.operations();
  }

  /** Checks in steps whether others changed what it read since it began. No reads are allowed from here on. */
  check(backend: Backend): Checked {
    this.#check ??= new ConflictCheck(this.#source.reads, this.version);
    return this.#check.step(backend);
  }

  /** The name of the key or range of its conflict with others. */
  get conflict(): string {
    const changed = this.#check?.changed;
    return changed ? placeOf(changed) : "";
  }

  /** Refuses reads and writes from now on. */
  end(): void {
    this.#hasEnded = true;
    this.#snapshot.release();
  }

  #merge(kind: MergeKind, key: Key, given: unknown, options: ExpiryOptions | undefined): void {
    this.open(kind);
    expiryOf(options);
    this.#writes.merge({ ...toOperand(kind, given, options?.ttl), key: this.space.encode(key).slice() });
  }

  readonly open = (action: string): ReadSource => {
    if (!this.#hasEnded) return this.#source;
    throw new StoreError("TRANSACTION_ENDED", `Cannot ${action}: the transaction has ended`);
  };
}

/** A name that is the same for every transaction that read the same key or the same range. */
function placeOf({ lower, upper }: ByteRange): string {
  return [lower, upper].map((end) => (end ? nameOf(end) : "")).join("\0\0");
}

/** Reads a snapshot with a write set on top, and records what was read. */
class TransactionSource implements HeldReadSource {
  readonly #snapshot: SnapshotSource;
  readonly #writes: WriteSet;
  readonly #keys: Map<string, Uint8Array> = new Map();
  readonly #ranges: ByteRange[] = [];

  constructor(snapshot: SnapshotSource, writes: WriteSet) {
    this.#snapshot = snapshot;
    this.#writes = writes;
  }

  /** What own writes show as their version. They have none yet: it will be above all versions that exist. */
  get #version(): number {
    return this.#snapshot.version + 1;
  }

  /** The keys and ranges that were read. */
  get reads(): ReadSet {
    return { keys: this.#keys, ranges: this.#ranges };
  }

  get(key: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    return this.entry(key)?.value;
  }

  has(key: Uint8Array): boolean {
    const own = this.#ownOrNoted(key);
    return own ? own.value !== undefined : this.#snapshot.has(key);
  }

  entry(key: Uint8Array): StoredValue | undefined {
    const own = this.#ownOrNoted(key);
    if (!own) return this.#snapshot.entry(key);
    const { value, expiresMs } = own;
    return value && { value: value.slice(), version: this.#version, expiresMs };
  }

  scan<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E> {
    // Each deletion of this transaction may hide an entry. If a page becomes too short, another page follows.
    const hidden = Math.min(this.#writes.deletions, MOST_HIDDEN);
    const limit = Math.min(range.limit ?? MOST_ENTRIES, MOST_ENTRIES) + hidden;
    const page = this.#snapshot.scan({ ...range, limit }, { encoding: "bytes", strip: 0 });
    const last = page.last ?? (page.keys.length === limit ? page.keys.at(-1) : undefined);
    const covered = upTo(range, last);
    this.#note(covered);
    for (const key of this.#writes.mergedIn(covered)) this.#ownOrNoted(key);
    return this.#writes.over({ ...page, last }, range, format, this.#version);
  }

  count(range: ByteRange): Counted {
    const { keys, last } = this.scan({ ...range, keysOnly: true }, { encoding: "bytes", strip: 0 });
    return { count: Math.min(keys.length, range.limit ?? keys.length), last };
  }

  /** The snapshot does not change. Only the transaction's own writes do, and an iterator must see these. */
  hold(): HeldReadSource {
    return this;
  }

  release(): void {}

  /** The transaction's own write, which needs no check. Without one, records the read. Merges become a write. */
  #ownOrNoted(key: Uint8Array): StoredOperation | undefined {
    if (!this.#writes.get(key)) this.#keys.set(nameOf(key), key.slice());
    return this.#writes.settle(key, (each) => this.#snapshot.entry(each));
  }

  /** Records that a range was read. */
  #note({ lower, lowerIncluded = true, upper, upperIncluded = false }: ByteRange): void {
    this.#ranges.push({ lower, lowerIncluded, upper, upperIncluded });
  }
}

/**
 * Which writes of clients are done, so that each is done once, however often its client sends it.
 *
 * A client numbers its writes. A write and the record of its number are one commit: after a crash there are both or
 * none. A client that did not get its answer sends the write again, to the next owner, too. An owner that finds the
 * record answers with the result in it.
 *
 * A record is an entry of the store. It may be for several writes with consecutive numbers. Its key is
 * {@linkcode RESERVED}, the client (16 bytes), and the last number modulo {@linkcode WINDOW} (2 bytes). Its value is a
 * clone of the first number and all results. So a client has a bounded number of records: it uses a number only if no
 * write without an answer has the same remainder (see write_numbers.ts).
 *
 * @module
 */

import type { Store } from "../api/store.ts";
import type { BatchOperation } from "../api/writes.ts";
import { concat, fromHex, hexOf } from "../bytes.ts";
import { cloneCodec } from "../codecs/clone/codec.ts";

/** How many writes of a client may be without an answer. */
export const WINDOW = 1024;

/**
 * Keys that begin with this, 16 bytes ff, belong to shared stores. Nobody else reads or writes them. They are the last
 * keys of a store, so a range without them ends where they begin.
 */
export const RESERVED: Uint8Array<ArrayBuffer> = new Uint8Array(16).fill(0xff);

/** How long it is known that the records of a client were removed, in milliseconds: 30 days. */
const MARK_MS = 30 * 24 * 60 * 60 * 1000;

/** Stands for the version of the commit, which the record has itself. */
export const OWN_VERSION = "version";

const codec = cloneCodec<[first: number, results: readonly unknown[]]>();

/** The clients of which there are records. */
export function clientsWithRecords(store: Store): string[] {
  const clients: string[] = [];
  using cursor = store.keys({ gte: RESERVED, keyEncoding: "bytes" }).cursor();
  for (let [key] = cursor.nextManySync(1); key; [key] = cursor.nextManySync(1)) {
    const prefix = key.subarray(0, RESERVED.length + CLIENT_BYTES);
    // Not a mark alone.
    if (key.length > prefix.length + 1) clients.push(hexOf(prefix.subarray(RESERVED.length)));
    // After the last record that the client can have.
    cursor.seek(concat(prefix, Uint8Array.of(0xff, 0)));
  }
  return clients;
}

/** How long the name of a client is. */
const CLIENT_BYTES = 16;

/** The records of one client. */
export class Requests {
  readonly #store: Store;
  readonly #prefix: Uint8Array;
  /**
   * The results in the records when the first write came, by number. A client numbers upwards, and sends nothing twice
   * over one connection, so other writes are not done.
   */
  #done: Map<number, unknown> | undefined;

  /** `client` has 32 hexadecimal digits. */
  constructor(store: Store, client: string) {
    this.#store = store;
    this.#prefix = concat(RESERVED, fromHex(client));
  }

  /** The result of a write that is done, in an array; `undefined` if it is not done. */
  resultOf(sequence: number): [unknown] | undefined {
    this.#done ??= this.#read();
    return this.#done.has(sequence) ? [this.#done.get(sequence)] : undefined;
  }

  /** Whether a write comes for the first time. */
  isNew(sequence: number): boolean {
    return this.resultOf(sequence) === undefined;
  }

  /** Whether a value is the record of that write alone. */
  isRecordOf(sequence: number, value: Uint8Array | undefined): boolean {
    return value !== undefined && codec.decode(value)[0] === sequence;
  }

  /** The operation that records writes with consecutive numbers. */
  record(first: number, results: readonly unknown[]): BatchOperation & { readonly type: "put" } {
    const key = this.keyOf(first + results.length - 1);
    return { type: "put", key, value: codec.encode([first, results]) };
  }

  /** The key of the record of a write. */
  keyOf(sequence: number): Uint8Array {
    const slot = sequence % WINDOW;
    const key = new Uint8Array(this.#prefix.length + 2);
    key.set(this.#prefix);
    key[this.#prefix.length] = slot >> 8;
    key[this.#prefix.length + 1] = slot & 0xff;
    return key;
  }

  /** Forgets the client, which has said that it sends nothing again. */
  async forget(): Promise<void> {
    await this.#store.deleteRange({ prefix: this.#prefix });
  }

  /** Forgets a client that may come back. Then {@linkcode Requests.wereLost} is true. */
  async lose(): Promise<void> {
    await this.#store.put(this.#mark, "", { ttl: MARK_MS });
    await this.#store.deleteRange({ gte: this.#prefix, lt: this.#mark });
  }

  /** Whether records of the client were removed although it may send a write again. */
  wereLost(): boolean {
    return this.#store.hasSync(this.#mark);
  }

  /** The client knows that: {@linkcode Requests.wereLost} is false again. */
  async tell(): Promise<void> {
    await this.#store.delete(this.#mark);
  }

  /** Behind all records of the client. */
  get #mark(): Uint8Array {
    return concat(this.#prefix, Uint8Array.of(0xff));
  }

  #read(): Map<number, unknown> {
    const done = new Map<number, unknown>();
    for (const { value, version } of this.#store.records({ gte: this.#prefix, lt: this.#mark, keyEncoding: "bytes" })) {
      const [first, results] = codec.decode(value);
      results.forEach((result, i) => void done.set(first + i, result === OWN_VERSION ? version : result));
    }
    return done;
  }
}

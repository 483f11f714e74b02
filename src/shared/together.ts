/**
 * Calls of one client that came together. Gets are answered together. Puts and deletes are one commit, with one record:
 * a commit and a record for each would take several times as long.
 *
 * The writes of a group have consecutive numbers and different keys. Their record is in the place of the last one. The
 * client gets the answers in the order of the writes, so it uses that place again only when it has all of them.
 *
 * @module
 */

import type { BatchOperation } from "../api/writes.ts";
import { nameOf } from "../bytes.ts";
import { queueMicrotask } from "../clock.ts";
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from "../limits.ts";
import { isUint8Array } from "../realm.ts";
import type { Answers } from "./answers.ts";
import { type Call, onlyDurable } from "./calls.ts";
import type { OwnedStore } from "./owned_store.ts";
import type { Requests } from "./requests.ts";
import { isReserved } from "./reserved.ts";

/** A group has at most so many writes, and begins no other one after so many bytes. */
const MOST_WRITES = 256;
const MOST_BYTES = 1024 * 1024;

/** What a group needs. */
export interface TogetherParts {
  readonly store: OwnedStore;
  readonly requests: Requests;
  /** Whether writes that do not say it are durable; `undefined` for what the store does. */
  readonly durable: boolean | undefined;
  readonly answers: Answers;
  /** Called with each result, in the order of the calls. */
  readonly answer: (id: number, result: unknown) => void;
  readonly fail: (id: number, error: unknown) => void;
}

/** Writes that are not committed yet. */
class Group {
  readonly first: number;
  readonly durable: boolean | undefined;
  readonly ids: number[] = [];
  readonly results: unknown[] = [];
  readonly operations: BatchOperation[] = [];
  readonly #keys: Set<string> = new Set();
  #bytes = 0;

  constructor(first: number, durable: boolean | undefined) {
    this.first = first;
    this.durable = durable;
  }

  get last(): number {
    return this.first + this.ids.length - 1;
  }

  /** Whether a write may be part of the group. */
  fits(sequence: number, name: string, durable: boolean | undefined): boolean {
    if (sequence !== this.last + 1 || durable !== this.durable || this.#keys.has(name)) return false;
    return this.ids.length < MOST_WRITES && this.#bytes < MOST_BYTES;
  }

  add(id: number, name: string, operation: BatchOperation & { readonly value?: unknown }, result: unknown): void {
    this.ids.push(id);
    this.#keys.add(name);
    this.operations.push(operation);
    this.results.push(result);
    this.#bytes += name.length + ((operation.value as Uint8Array | undefined)?.length ?? 0);
  }
}

/** See the module. */
export class Together {
  readonly #parts: TogetherParts;
  #group: Group | undefined;
  readonly #found: [id: number, result: unknown][] = [];
  /** How many writes have no answer yet. */
  waiting = 0;

  constructor(parts: TogetherParts) {
    this.#parts = parts;
  }

  /** Does a call, or returns `false` if it must be done alone. Then all calls before it have begun. */
  take(id: number, call: Call): boolean {
    if (this.#takes(id, call)) return true;
    this.commit();
    return false;
  }

  /** Commits the writes so far. */
  commit(): void {
    const group = this.#group;
    if (!group) return;
    this.#group = undefined;
    void this.#commit(group);
  }

  #takes(id: number, { method, args, holder, sequence, from }: Call): boolean {
    const [key, second, third] = args;
    if (holder !== undefined || from !== undefined || !isUint8Array(key)) return false;
    if (method === "get" || method === "has") return this.#read(id, method, key);
    if (method === "delete") return this.#write({ id, sequence, key, value: undefined, durable: onlyDurable(second) });
    const isPut = method === "put" && isUint8Array(second) && second.length <= MAX_VALUE_BYTES;
    return isPut && this.#write({ id, sequence, key, value: second, durable: onlyDurable(third) });
  }

  #read(id: number, method: "get" | "has", key: Uint8Array): boolean {
    this.commit();
    const { store } = this.#parts;
    const found = attempt(() => (method === "get" ? store.getSync(key) : store.hasSync(key)));
    if (!found) return false;
    if (this.#found.push([id, found[0]]) === 1) queueMicrotask(() => this.#tell());
    return true;
  }

  async #tell(): Promise<void> {
    const { answers, answer, fail } = this.#parts;
    const found = this.#found.splice(0);
    try {
      await answers.ready();
      for (const [id, result] of found) answer(id, result);
    } catch (error) {
      for (const [id] of found) fail(id, error);
    }
  }

  #write({ id, sequence, key, value, durable = this.#parts.durable }: Write): boolean {
    const { requests, store } = this.#parts;
    const isUsual = durable !== null && key.length > 0 && key.length <= MAX_KEY_BYTES && !isReserved(key);
    if (!isUsual || sequence === undefined || !requests.isNew(sequence)) return false;
    const name = nameOf(key);
    if (!this.#group?.fits(sequence, name, durable)) this.commit();
    const result = value ? [undefined] : attempt(() => store.hasSync(key));
    if (!result) return false;
    const group = this.#group ?? this.#begin(sequence, durable);
    group.add(id, name, value ? { type: "put", key, value } : { type: "delete", key }, result[0]);
    this.waiting += 1;
    return true;
  }

  /** Begins a group, which ends with the turn at the latest. */
  #begin(first: number, durable: boolean | undefined): Group {
    const group = new Group(first, durable);
    this.#group = group;
    queueMicrotask(() => this.#group === group && this.commit());
    return group;
  }

  async #commit({ first, durable, ids, results, operations }: Group): Promise<void> {
    const { store, requests, answers, answer, fail } = this.#parts;
    try {
      await store.batch([...operations, requests.record(first, results)], { durable });
      await answers.ready();
      ids.forEach((id, i) => void answer(id, results[i]));
    } catch (error) {
      for (const id of ids) fail(id, error);
    }
    this.waiting -= ids.length;
  }
}

/** A put, or a delete if there is no value. */
interface Write {
  readonly id: number;
  readonly sequence: number | undefined;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly durable: boolean | undefined | null;
}

/** What a read finds, in an array; `undefined` if it fails. Alone the call fails again, and says why. */
function attempt<T>(read: () => T): readonly [T] | undefined {
  try {
    return [read()];
  } catch {
    return undefined;
  }
}

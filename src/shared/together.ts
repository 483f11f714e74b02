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
import type { Call } from "./calls.ts";
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
  take(id: number, { method, args, holder, sequence, from }: Call): boolean {
    const [key, second, third] = args;
    const isAlone = holder !== undefined || from !== undefined || !isUint8Array(key);
    if (!isAlone && (method === "get" || method === "has") && args.length === 1) return this.#read(id, method, key);
    if (!isAlone && method === "put") {
      const durable = durableOf(third);
      if (isUint8Array(second) && second.length <= MAX_VALUE_BYTES && durable !== null)
        return this.#write({ id, sequence, durable, key, value: second });
    }
    if (!isAlone && method === "delete") {
      const durable = durableOf(second);
      if (durable !== null) return this.#write({ id, sequence, durable, key });
    }
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

  #read(id: number, method: "get" | "has", key: Uint8Array): boolean {
    this.commit();
    const { store } = this.#parts;
    try {
      const found = method === "get" ? store.getSync(key) : store.hasSync(key);
      if (this.#found.push([id, found]) === 1) queueMicrotask(() => this.#tell());
      return true;
    } catch {
      // Alone it fails again, and says why.
      return false;
    }
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

  #write({ id, sequence, durable = this.#parts.durable, key, value }: Write): boolean {
    const { requests, store } = this.#parts;
    const isUsual = sequence !== undefined && key.length > 0 && key.length <= MAX_KEY_BYTES && !isReserved(key);
    if (!isUsual || !requests.isNew(sequence)) {
      this.commit();
      return false;
    }
    const name = nameOf(key);
    if (!this.#group?.fits(sequence, name, durable)) {
      this.commit();
      const group = new Group(sequence, durable);
      this.#group = group;
      queueMicrotask(() => this.#group === group && this.commit());
    }
    const [operation, result] = value
      ? [{ type: "put", key, value } as const, undefined]
      : [{ type: "delete", key } as const, store.hasSync(key)];
    this.#group?.add(id, name, operation, result);
    this.waiting += 1;
    return true;
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

interface Write {
  readonly id: number;
  readonly sequence: number | undefined;
  readonly durable: boolean | undefined;
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

/** The only option that a write in a group may have; `null` if there are others. */
function durableOf(options: unknown): boolean | undefined | null {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null) return null;
  const isAlone = Object.keys(options).every((name) => name === "durable");
  const { durable } = options as { durable?: unknown };
  return isAlone && (durable === undefined || typeof durable === "boolean") ? durable : null;
}

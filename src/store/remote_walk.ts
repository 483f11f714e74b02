/**
 * Walks over a range whose pages come from elsewhere: from another process, or from a server.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { Page } from "../backend.ts";
import { type ByteRange, restFrom } from "../byte_range.ts";
import type { Pick } from "./picks.ts";
import { LEFT_OUT, type Stage, Stages } from "./stages.ts";

/** What a walk reads, and what it makes of it. */
export interface RemoteWalked<E extends KeyEncoding> {
  readonly range: ByteRange;
  readonly pick: Pick<E, unknown>;
}

/** A page, and the part of the range after it; `undefined` at the end. */
export interface Fetched<E extends KeyEncoding> {
  readonly page: Page<E>;
  readonly rest: ByteRange | undefined;
}

/** An iterator over the entries. Steps run one after the other, even if the caller does not wait for them. */
export abstract class RemoteWalk<E extends KeyEncoding, T> implements AsyncIterableIterator<T> {
  readonly #walked: RemoteWalked<E>;
  readonly #stages: Stages | undefined;
  #page: Page<E> | undefined;
  #index = 0;
  #count = 0;
  /** How many entries of the range came before the page. */
  #passed = 0;
  /** The part of the range that has not been read; `undefined` at the end. */
  #rest: ByteRange | undefined;
  #before: Promise<unknown> = Promise.resolve();
  #isReturned = false;

  constructor(walked: RemoteWalked<E>, stages: readonly Stage[]) {
    this.#walked = walked;
    this.#stages = stages.length === 0 ? undefined : new Stages(stages);
    this.#rest = this.#unlessOver(walked.range);
  }

  /** Begins now: the walk reads what is there now, whenever it is read. */
  abstract begin(): void;

  /** Called before entries are read. Throws if they cannot be. */
  protected abstract prepare(): void;
  /** The next page; `undefined` if there is none any more. */
  protected abstract fetch(rest: ByteRange): Promise<Fetched<E> | undefined>;
  /** Called after a seek, with the part of the range that is left. */
  protected abstract continueAt(rest: ByteRange | undefined): void;
  /** Gives back what the walk holds. */
  protected abstract release(): void;

  /** The part of the range that has not been read; `undefined` at the end. */
  protected get rest(): ByteRange | undefined {
    return this.#rest;
  }

  /** Whether the caller wants no more. */
  protected get isReturned(): boolean {
    return this.#isReturned;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const entries = await this.nextMany(1);
    return entries.length === 0 ? this.return() : { done: false, value: entries[0] as T };
  }

  /** The next entries, `most` at most. Fewer come only at the end. */
  nextMany(most: number): Promise<T[]> {
    const next = this.#before.then(() => this.#nextMany(most));
    this.#before = next.catch(() => {});
    return next;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#isReturned = true;
    this.#turnTo(undefined);
    this.release();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Continues at the first entry that is not before `key`, in the direction of the range, at the same version. */
  seek(key: Uint8Array): void {
    const { range } = this.#walked;
    this.queue(() => {
      this.#passed += this.#index;
      const rest = restFrom(range, key);
      const left = range.limit === undefined ? rest : { ...rest, limit: range.limit - this.#passed };
      this.#turnTo(this.#isReturned ? undefined : this.#unlessOver(left));
      this.continueAt(this.#rest);
    });
  }

  /** Lets a step follow those so far. If it fails, the next entries reject with its reason. */
  protected queue(step: () => unknown): void {
    this.#before = this.#before.then(step);
    this.#before.catch(() => {});
  }

  async #nextMany(most: number): Promise<T[]> {
    const entries: T[] = [];
    this.prepare();
    try {
      while (entries.length < most && (this.#index < this.#count || (await this.#read()))) {
        const value = this.#take();
        if (value !== LEFT_OUT) entries.push(value as T);
      }
    } catch (error) {
      await this.return();
      throw error;
    }
    return entries;
  }

  #take(): unknown {
    const picked = this.#walked.pick(this.#page as Page<E>, this.#index++);
    const stages = this.#stages;
    if (!stages) return picked;
    const value = stages.of(picked);
    if (stages.isOver) {
      this.#rest = undefined;
      this.#index = this.#count;
    }
    return value;
  }

  /** Reads pages until one has entries. Returns whether there is one. */
  async #read(): Promise<boolean> {
    while (this.#rest && this.#index >= this.#count) {
      const fetched = await this.fetch(this.#rest);
      if (this.#isReturned) return false;
      this.#rest = fetched?.rest && this.#unlessOver(fetched.rest);
      if (!fetched) break;
      this.#passed += this.#count;
      this.#page = fetched.page;
      [this.#index, this.#count] = [0, fetched.page.keys.length];
    }
    return this.#index < this.#count;
  }

  #turnTo(rest: ByteRange | undefined): void {
    this.#rest = rest;
    this.#page = undefined;
    this.#index = this.#count = 0;
  }

  #unlessOver(rest: ByteRange): ByteRange | undefined {
    return rest.limit === 0 || this.#stages?.isOver ? undefined : rest;
  }
}

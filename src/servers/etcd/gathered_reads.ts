/**
 * Reads that are asked for together, as one request.
 *
 * @module
 */

import type { KeyValue } from "./messages.ts";

/** Keys at one version, as etcd has them. */
export interface RawFound {
  readonly version: number;
  readonly revision: number;
  /** In the order of the keys; `undefined` where etcd has none. */
  readonly kvs: readonly (KeyValue | undefined)[];
}

type Read = (keys: readonly Uint8Array[]) => Promise<RawFound>;

interface Group {
  readonly keys: Uint8Array[];
  readonly found: Promise<RawFound>;
}

/**
 * Example: 64 tasks each wait for a get. Their gets go out in the same turn of the event loop, as 2 requests of 32 keys.
 *
 * A read waits for no other one: its group is sent at the end of the microtasks that asked for it. If the request fails,
 * all reads of the group get its error.
 */
export class GatheredReads {
  readonly #read: Read;
  readonly #mostKeys: number;
  /** The group that takes more keys; `undefined` if the last one was sent. */
  #open: Group | undefined;

  constructor(read: Read, mostKeys: number) {
    this.#read = read;
    this.#mostKeys = mostKeys;
  }

  /** Reads keys at the newest version. More keys than a group may have are a request of their own. */
  async ask(keys: readonly Uint8Array[]): Promise<RawFound> {
    if (keys.length > this.#mostKeys) return await this.#read(keys);
    const isFull = this.#open && this.#open.keys.length + keys.length > this.#mostKeys;
    const group = this.#open && !isFull ? this.#open : this.#begin();
    const start = group.keys.length;
    group.keys.push(...keys);
    const { kvs, ...at } = await group.found;
    return { ...at, kvs: kvs.slice(start, start + keys.length) };
  }

  #begin(): Group {
    const keys: Uint8Array[] = [];
    const send = () => {
      if (this.#open === group) this.#open = undefined;
      return this.#read(keys);
    };
    const group = { keys, found: Promise.resolve().then(send) };
    this.#open = group;
    return group;
  }
}

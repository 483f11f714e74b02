/**
 * The methods of a store that workloads use. luge and its peers implement them.
 *
 * @module
 */

import type { Runtime } from "../lib/runtimes.ts";

/**
 * The crash that a finished write must survive. `buffered`: a crash of the process, and after {@linkcode Subject.flush} a
 * crash of the machine. `durable`: a crash of the machine.
 */
export type Guarantee = "buffered" | "durable";

/** Keys and values of the same length, in the order in which they are put. */
export interface Entries {
  readonly keys: readonly string[];
  readonly values: readonly Uint8Array[];
}

/** An open store. A method that the store does not support is left out, and the results show that. */
export interface Subject {
  /** Puts every entry, `batch` at a time. With 1, puts each separately. */
  load(entries: Entries, batch: number): Promise<void> | void;
  /** Makes all writes durable. */
  flush?(): Promise<void> | void;
  /** Blocks. */
  getSync?(key: string): Uint8Array | undefined | null;
  get?(key: string): Promise<Uint8Array | undefined | null>;
  getMany?(keys: readonly string[]): Promise<unknown> | unknown;
  /** Reads each entry: the key as a string, the value as bytes. Returns the number of bytes. */
  scan?(prefix: string): Promise<number> | number;
  /** Starts an iterator at a key, reads its first entry, and stops it. Returns the number of bytes. */
  first?(from: string): Promise<number> | number;
  /** Blocks until the guarantee holds. */
  putSync?(key: string, value: Uint8Array): void;
  /** Settles when the guarantee holds. */
  put?(key: string, value: Uint8Array): Promise<unknown>;
  remove?(keys: readonly string[], batch: number): Promise<void> | void;
  /** Frees disk space, as far as the store can. */
  compact?(): Promise<void> | void;
  /** Copies the whole store durably to a new directory. The same peer can open the copy. */
  copyTo?(directory: string): Promise<unknown> | unknown;
  /** The whole store, as a stream of bytes. */
  stream?(): AsyncIterable<Uint8Array>;
  /** Fills an empty store durably with the content of such a stream. */
  fillFrom?(stream: ReadableStream<Uint8Array>): Promise<unknown>;
  close(): Promise<void> | void;
}

/** The kinds of peers. */
export type Kind = "store" | "memory" | "file";

/** A store that can be measured. */
export interface Peer {
  readonly name: string;
  /** The runtimes that it runs on. */
  readonly runtimes: readonly Runtime[];
  /** Its package; absent if it is part of the runtime. */
  readonly package?: string;
  /** A store, or a limit of stores: memory without durability, or a file that is only written. */
  readonly kind: Kind;
  /** Whether each put outside of a batch is a separate transaction, even if no caller waits for it. */
  readonly commitsEach?: boolean;
  /** Whether it is a separate program and not a module. It is then measured beside Node, and never opened here. */
  readonly program?: boolean;
  /** Prefixes of the names of its workloads. Default: all workloads. */
  readonly only?: readonly string[];
  /** The most entries that it gets, except for targets. For stores that take minutes for more. */
  readonly most?: number;
  /** The settings that its documentation recommends for each guarantee, in words. A guarantee that it lacks is left out. */
  readonly settings: Partial<Record<Guarantee, string>>;
  open(directory: string, guarantee: Guarantee): Promise<Subject> | Subject;
}

/** If a store blocks, or queues without bound, a loop yields to the event loop after this many entries. */
export const TURN = 1000;

/** How many batches a loader has in flight. It need not wait for each one. */
const BATCHES_UNDER_WAY = 8;

/** Starts each batch and waits for all. Only a few are in flight at a time. */
export async function inFlight<T>(batches: Iterable<T>, start: (batch: T) => Promise<unknown>): Promise<void> {
  const underWay: Promise<unknown>[] = [];
  for (const batch of batches) {
    underWay.push(start(batch));
    if (underWay.length >= BATCHES_UNDER_WAY) await underWay.shift();
  }
  await Promise.all(underWay);
}

/** The parts of `entries` that are `batch` long. */
export function* slices({ keys, values }: Entries, batch: number): Generator<Entries> {
  for (let i = 0; i < keys.length; i += batch) {
    yield { keys: keys.slice(i, i + batch), values: values.slice(i, i + batch) };
  }
}

/** The parts of `keys` that are `batch` long. */
export function* slicesOf(keys: readonly string[], batch: number): Generator<readonly string[]> {
  for (let i = 0; i < keys.length; i += batch) yield keys.slice(i, i + batch);
}

/** Calls with each key and its value. */
export function eachEntry({ keys, values }: Entries, visit: (key: string, value: Uint8Array) => void): void {
  for (let i = 0; i < keys.length; i++) visit(keys[i] as string, values[i] as Uint8Array);
}

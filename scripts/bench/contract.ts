/**
 * What a workload needs of a store: the names that luge and its peers are measured by.
 *
 * @module
 */

import type { Runtime } from "../lib/runtimes.ts";

/**
 * What a write must survive when it counts as done. `buffered`: the death of the process, and after
 * {@linkcode Subject.flush} that of the machine. `durable`: the death of the machine.
 */
export type Guarantee = "buffered" | "durable";

/** Keys and values of the same length, in the order in which they are put. */
export interface Entries {
  readonly keys: readonly string[];
  readonly values: readonly Uint8Array[];
}

/** An open store. What a store does not offer is left out, and shown as such. */
export interface Subject {
  /** Puts every entry, `batch` at a time; 1 for each on its own. */
  load(entries: Entries, batch: number): Promise<void> | void;
  /** Makes all of it durable. */
  flush?(): Promise<void> | void;
  /** Blocks. */
  getSync?(key: string): Uint8Array | undefined | null;
  get?(key: string): Promise<Uint8Array | undefined | null>;
  getMany?(keys: readonly string[]): Promise<unknown> | unknown;
  /** Reads the key as a string and the value as bytes of each entry; returns how many bytes that were. */
  scan?(prefix: string): Promise<number> | number;
  /** Reads the first entry of a walk from a key on, and leaves the walk there; returns how many bytes that were. */
  first?(from: string): Promise<number> | number;
  /** Blocks until what the guarantee asks for holds. */
  putSync?(key: string, value: Uint8Array): void;
  /** Settles when what the guarantee asks for holds. */
  put?(key: string, value: Uint8Array): Promise<unknown>;
  remove?(keys: readonly string[], batch: number): Promise<void> | void;
  /** Gives disk space back, as far as the store knows how. */
  compact?(): Promise<void> | void;
  /** Copies all of it, durably, to a directory that is missing; the same peer opens the copy there. */
  copyTo?(directory: string): Promise<unknown> | unknown;
  /** All of it, as a stream of bytes. */
  stream?(): AsyncIterable<Uint8Array>;
  /** Fills an empty store with what such a stream has, durably. */
  fillFrom?(stream: ReadableStream<Uint8Array>): Promise<unknown>;
  close(): Promise<void> | void;
}

/** What can be measured. */
export type Kind = "store" | "memory" | "file";

/** A store that can be measured. */
export interface Peer {
  readonly name: string;
  /** Where it runs. */
  readonly runtimes: readonly Runtime[];
  /** The package it comes from; none for what the runtime brings. */
  readonly package?: string;
  /** A store; or a limit of stores: memory of which nothing lasts, or a file that is only written to. */
  readonly kind: Kind;
  /** Whether each put that is not part of a batch is a transaction of its own, also when nothing waits for it. */
  readonly commitsEach?: boolean;
  /** Whether it is a program of its own and no module: then it is measured beside Node, and never opened here. */
  readonly program?: boolean;
  /** The beginnings of the names of the workloads that it is measured by; all unless said. */
  readonly only?: readonly string[];
  /** The most entries that it is given, but where a target compares it: for one that takes minutes for more. */
  readonly most?: number;
  /** The settings that its documentation recommends for a guarantee, in words; a guarantee that it cannot give is left out. */
  readonly settings: Partial<Record<Guarantee, string>>;
  open(directory: string, guarantee: Guarantee): Promise<Subject> | Subject;
}

/** How many entries one loop of a store that blocks, or that queues without bound, takes before others have their turn. */
export const TURN = 1000;

/** How many batches a loader has under way: it needs not wait for each of them. */
const BATCHES_UNDER_WAY = 8;

/** Starts each batch, and waits for all of them, with no more than a few under way. */
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

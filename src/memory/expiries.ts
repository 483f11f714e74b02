/**
 * Which values expire when, the soonest first; and the keys that went with them.
 *
 * @module
 */

import type { StoredChange, StoredVersion } from "../backend.ts";
import { SortedKeys } from "./sorted_keys.ts";

/** Digits of a time or a version, so that they are ordered as numbers are. */
const DIGITS = 14;
/** Keys that are remembered at most, and their bytes. */
const MOST_KEYS = 10_000;
const MOST_BYTES = 4 * 1024 * 1024;

/** A version of a key that expires. */
export interface Expiring {
  readonly name: string;
  readonly version: number;
  readonly expiresMs: number;
}

/** The versions that are held and expire, in the order in which they do. */
export class Expiries {
  readonly #sorted = new SortedKeys();
  /** The first one when it was last asked for, and what it says. */
  #entry = "";
  #expiring: Expiring = { name: "", version: 0, expiresMs: 0 };

  /** Adds a version that is not there, if it expires. */
  add(name: string, { version, expiresMs }: StoredVersion): void {
    if (expiresMs > 0) this.#sorted.add(entryOf(name, version, expiresMs));
  }

  /** Removes one, if it is there. */
  delete(name: string, { version, expiresMs }: StoredVersion): void {
    if (expiresMs > 0) this.#sorted.delete(entryOf(name, version, expiresMs));
  }

  clear(): void {
    this.#sorted.clear();
  }

  /** The first of those that have expired. */
  due(nowMs: number): Expiring | undefined {
    const { first } = this.#sorted;
    if (first === undefined) return undefined;
    if (first !== this.#entry) [this.#entry, this.#expiring] = [first, expiringOf(first)];
    return this.#expiring.expiresMs <= nowMs ? this.#expiring : undefined;
  }
}

/** The keys that were dropped last, without their values. */
export class DroppedKeys {
  #changes: StoredChange[] = [];
  #bytes = 0;
  #from = 0;

  /** All that were dropped with a newest version above this one are here. */
  get from(): number {
    return this.#from;
  }

  /** In any order. */
  add(change: StoredChange): void {
    this.#changes.push(change);
    this.#bytes += change.key.length;
    if (this.#changes.length <= MOST_KEYS && this.#bytes <= MOST_BYTES) return;
    for (const { key, version } of this.#changes.splice(0, Math.ceil(this.#changes.length / 2))) {
      this.#from = Math.max(this.#from, version);
      this.#bytes -= key.length;
    }
  }

  /** Those whose newest version is above one. */
  after(version: number): StoredChange[] {
    return this.#changes.filter((change) => change.version > version);
  }
}

function entryOf(name: string, version: number, expiresMs: number): string {
  return digits(expiresMs) + digits(version) + name;
}

function expiringOf(entry: string): Expiring {
  const number = (from: number) => Number.parseInt(entry.slice(from, from + DIGITS), 16);
  return { name: entry.slice(2 * DIGITS), version: number(DIGITS), expiresMs: number(0) };
}

function digits(number: number): string {
  return number.toString(16).padStart(DIGITS, "0");
}

/**
 * The expiries of values, the soonest first, and the keys that were dropped because all their values expired.
 *
 * @module
 */

import type { StoredChange, StoredVersion } from "../backend.ts";
import { SortedKeys } from "./sorted_keys.ts";

/** Digits of a time or a version: with a fixed length, strings sort as the numbers do. */
const DIGITS = 14;
/** The most dropped keys that are remembered, and the most bytes of them. */
const MOST_KEYS = 10_000;
const MOST_BYTES = 4 * 1024 * 1024;

/** A version of a key that expires. */
export interface Expiring {
  readonly name: string;
  readonly version: number;
  readonly expiresMs: number;
}

/** The versions that have an expiry, in the order of their expiries. */
export class Expiries {
  readonly #sorted = new SortedKeys();
  /** The first entry at the last call of {@linkcode Expiries.due}, and its decoded form. */
  #entry = "";
  #expiring: Expiring = { name: "", version: 0, expiresMs: 0 };

  /** Adds a version, if it has an expiry. It must be absent. */
  add(name: string, { version, expiresMs }: StoredVersion): void {
    if (expiresMs > 0) this.#sorted.add(entryOf(name, version, expiresMs));
  }

  /** Removes a version, if it has an expiry. */
  delete(name: string, { version, expiresMs }: StoredVersion): void {
    if (expiresMs > 0) this.#sorted.delete(entryOf(name, version, expiresMs));
  }

  clear(): void {
    this.#sorted.clear();
  }

  /** The version that expired first; `undefined` if none has expired. */
  due(nowMs: number): Expiring | undefined {
    const { first } = this.#sorted;
    if (first === undefined) return undefined;
    if (first !== this.#entry) [this.#entry, this.#expiring] = [first, expiringOf(first)];
    return this.#expiring.expiresMs <= nowMs ? this.#expiring : undefined;
  }
}

/** The keys that were dropped most recently, without their values. */
export class DroppedKeys {
  #changes: StoredChange[] = [];
  #bytes = 0;
  #from = 0;

  /** Every dropped key whose newest version is above this one is here. */
  get from(): number {
    return this.#from;
  }

  /** Adds a dropped key. The order does not matter. */
  add(change: StoredChange): void {
    this.#changes.push(change);
    this.#bytes += change.key.length;
    if (this.#changes.length <= MOST_KEYS && this.#bytes <= MOST_BYTES) return;
    for (const { key, version } of this.#changes.splice(0, Math.ceil(this.#changes.length / 2))) {
      this.#from = Math.max(this.#from, version);
      this.#bytes -= key.length;
    }
  }

  /** The dropped keys whose newest version is above `version`. */
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

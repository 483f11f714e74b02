/**
 * A plain history of versions, to compare the engine with.
 *
 * @module
 */

import type { StoredVersion } from "../../src/backend.ts";
import type { ByteRange } from "../../src/byte_range.ts";

/** All versions of all keys, newest first. A key is a string with one character for each byte. */
export class Model {
  readonly versions: Map<string, StoredVersion[]> = new Map();

  /** Adds a version. */
  write(key: string, version: StoredVersion): void {
    this.versions.set(key, [version, ...(this.versions.get(key) ?? [])]);
  }

  /** The value that a reader at a version finds. */
  get(key: string, version: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const found = this.versions.get(key)?.find((each) => each.version <= version);
    return found && !isExpired(found) ? found.value : undefined;
  }

  /** The entries of a range. */
  scan(range: ByteRange): { key: Uint8Array; value: Uint8Array }[] {
    const { reverse, limit, version } = range;
    const keys = this.#keysIn(range);
    const entries = (reverse ? keys.reverse() : keys).flatMap((key) => {
      const value = this.get(key, version);
      return value ? [{ key: bytesOf(key), value }] : [];
    });
    return entries.slice(0, limit);
  }

  /** The writes in a range after a version: by version, then by key. */
  changes(range: ByteRange, since: number): { key: string; version: number; value: Uint8Array | undefined }[] {
    const changes = this.#keysIn(range).flatMap((key) =>
      (this.versions.get(key) ?? [])
        .filter(({ version }) => version > since)
        .map((each) => ({ key, version: each.version, value: isExpired(each) ? undefined : each.value })),
    );
    return changes.sort((a, b) => a.version - b.version);
  }

  #keysIn({ lower, lowerIncluded, upper, upperIncluded }: ByteRange): string[] {
    const [low, high] = [lower && latin(lower), upper && latin(upper)];
    return [...this.versions.keys()].sort().filter((key) => {
      if (low !== undefined && (key < low || (key === low && lowerIncluded === false))) return false;
      return high === undefined || key < high || (key === high && upperIncluded === true);
    });
  }

  /**
   * The highest version that changes may be missing at: one after the kept versions, or, if one is kept, a deletion or
   * expiry.
   */
  highestLoss(kept: number): number {
    const lost = [...this.versions.values()].map((all) => (kept === 1 && isGone(all[0]) ? all[0] : all[kept])?.version);
    return Math.max(0, ...lost.map((version) => version ?? 0));
  }

  /** Whether `listed` can be the rest of a key's versions if so many are kept. */
  explains(key: string, listed: readonly StoredVersion[], kept: number): boolean {
    const all = this.versions.get(key) ?? [];
    // If one version is kept, a deleted or expired one may be removed at once.
    const expected = kept === 1 && isGone(all[0]) ? [] : all.slice(0, kept);
    return (
      listed.length >= expected.length &&
      expected.every(({ version }, i) => listed[i]?.version === version) &&
      listed.every(({ version, value }) => {
        const known = all.find((each) => each.version === version);
        return known !== undefined && sameBytes(value, isExpired(known) ? undefined : known.value);
      })
    );
  }
}

/** One character for each byte. JavaScript orders such strings as their bytes. */
export function latin(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** The bytes of a result of {@linkcode latin}. */
export function bytesOf(key: string): Uint8Array {
  return Uint8Array.from(key, (character) => character.charCodeAt(0));
}

/** Whether two values are equal; both may be missing. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && Buffer.compare(a, b) === 0);
}

// The tests only use times that are long past or far in the future.
function isExpired({ expiresMs }: StoredVersion): boolean {
  return expiresMs > 0 && expiresMs <= Date.now();
}

function isGone(version: StoredVersion | undefined): boolean {
  return version === undefined || version.value === undefined || isExpired(version);
}

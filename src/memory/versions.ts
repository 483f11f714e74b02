/**
 * The versions of one key, and which of them stay.
 *
 * @module
 */

import type { StoredVersion } from "../backend.ts";

/** Newest first. */
export type Versions = StoredVersion[];

/** Whether a reader at this time finds nothing here. */
export function isGone({ value, expiresMs }: StoredVersion, nowMs: number): boolean {
  return value === undefined || (expiresMs > 0 && expiresMs <= nowMs);
}

/** The newest version that is not above `version`. */
export function versionAt(versions: Versions, version: number): StoredVersion | undefined {
  return versions.find((each) => each.version <= version);
}

/** Gets each version that goes. */
export type OnGone = (version: StoredVersion) => void;

/**
 * Removes the versions behind the `kept` newest that no snapshot sees. Returns from which version on the history of the key is
 * whole, 0 when nothing went.
 */
export function removeOld(versions: Versions, kept: number, snapshots: readonly number[], onGone: OnGone): number {
  let wholeFrom = 0;
  for (let i = versions.length - 1; i >= kept; i--) {
    const [version, newer] = [versions[i]?.version ?? 0, versions[i - 1]?.version ?? 0];
    if (snapshots.some((snapshot) => snapshot >= version && snapshot < newer)) continue;
    for (const gone of versions.splice(i, 1)) onGone(gone);
    wholeFrom = newer;
  }
  return wholeFrom;
}

/** Removes what is gone at the old end, where it says no more than its absence would; returns as {@linkcode removeOld}. */
export function removeGone(versions: Versions, nowMs: number, onGone: OnGone): number {
  let wholeFrom = 0;
  for (let last = versions.at(-1); last && isGone(last, nowMs); last = versions.at(-1)) {
    wholeFrom = last.version;
    versions.pop();
    onGone(last);
  }
  return wholeFrom;
}

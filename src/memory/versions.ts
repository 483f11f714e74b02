/**
 * Decides which versions of one key stay.
 *
 * @module
 */

import type { StoredVersion } from "../backend.ts";
import { clock } from "../clock.ts";

/** The versions of a key, newest first. */
export type Versions = StoredVersion[];

/** Whether the version is deleted, or has expired at this time. */
export function isGone({ value, expiresMs }: StoredVersion, nowMs: number): boolean {
  return value === undefined || (expiresMs > 0 && expiresMs <= nowMs);
}

/** A copy for a reader: without its value if that is gone. */
export function copyOf<V extends StoredVersion>(version: V, nowMs: number): V {
  return { ...version, value: isGone(version, nowMs) ? undefined : version.value?.slice() };
}

/** The newest version that is not above `version`. */
export function versionAt(versions: Versions, version: number): StoredVersion | undefined {
  return versions.find((each) => each.version <= version);
}

/** The versions from which a history is complete; 0 if nothing was removed. */
export interface HistoryLeft {
  /** A read at this version or a newer one has the same result as before. */
  readonly wholeFrom: number;
  /** No change after this version is missing. */
  readonly changesFrom: number;
}

/** Nothing was removed. */
export const WHOLE: HistoryLeft = { wholeFrom: 0, changesFrom: 0 };

/** Called with each version that is removed. */
export type OnGone = (version: StoredVersion) => void;

/** The rules that decide which versions of a key stay. */
export interface Retention {
  /** How many of the newest versions stay. Deleted and expired ones count. */
  readonly kept: number;
  /** The versions that open snapshots read at. */
  readonly snapshots: readonly number[];
  /** Deletions and expired versions after this version stay. */
  readonly held: number;
}

/** Removes the versions after the `kept` newest ones that no snapshot sees. Returns what is left of the history. */
export function removeOld(versions: Versions, { kept, snapshots }: Retention, onGone: OnGone): HistoryLeft {
  const stays = (index: number) => {
    const [version, newer] = [versions[index]?.version ?? 0, versions[index - 1]?.version ?? 0];
    return index < kept || snapshots.some((snapshot) => snapshot >= version && snapshot < newer);
  };
  return remove(versions, stays, onGone);
}

/**
 * Removes the oldest versions while they are deleted or expired: their absence says the same. Never removes the `kept` newest
 * versions. But if `kept` is 1, there is no history, and it may remove the newest one, too. Returns as {@linkcode removeOld}.
 */
export function removeGone(versions: Versions, { kept, held }: Retention, onGone: OnGone): HistoryLeft {
  const now = clock.now();
  const counted = kept > 1 ? kept : 0;
  let first = versions.length;
  for (let last = versions[first - 1]; first > counted && last; last = versions[first - 1]) {
    if (!isGone(last, now) || last.version > held) break;
    first -= 1;
  }
  return remove(versions, (index) => index < first, onGone);
}

/** Removes the values of expired versions, because no read finds them. */
export function removeExpired(versions: Versions): void {
  const now = clock.now();
  versions.forEach((each, index) => {
    if (each.value && isGone(each, now)) versions[index] = { ...each, value: undefined };
  });
}

function remove(versions: Versions, stays: (index: number) => boolean, onGone: OnGone): HistoryLeft {
  let [wholeFrom, changesFrom, showsBelow] = [0, 0, false];
  for (let i = versions.length - 1; i >= 0; i--) {
    const version = versions[i] as StoredVersion;
    if (stays(i)) {
      showsBelow = true;
      continue;
    }
    changesFrom = version.version;
    // A reader before the next newer version now finds an older version, or nothing.
    if (showsBelow || !isGone(version, clock.now())) wholeFrom = versions[i - 1]?.version ?? changesFrom;
    versions.splice(i, 1);
    onGone(version);
  }
  return { wholeFrom, changesFrom };
}

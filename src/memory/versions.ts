/**
 * The versions of one key, and which of them stay.
 *
 * @module
 */

import type { StoredVersion } from "../backend.ts";
import { clock } from "../clock.ts";

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

/** From which versions on a history is whole; 0 where nothing went. */
export interface HistoryLeft {
  /** A read as of this version or a newer one finds what it always found. */
  readonly wholeFrom: number;
  /** No change after this version is missing. */
  readonly changesFrom: number;
}

/** Nothing went. */
export const WHOLE: HistoryLeft = { wholeFrom: 0, changesFrom: 0 };

/** Gets each version that goes. */
export type OnGone = (version: StoredVersion) => void;

/** What decides over the versions of a key. */
export interface Retention {
  /** How many of the newest stay, deleted and expired ones as well. */
  readonly kept: number;
  /** The versions that open snapshots read at. */
  readonly snapshots: readonly number[];
  /** What says that a key is gone stays when it came after this version. */
  readonly held: number;
}

/** Removes the versions behind the newest that no snapshot sees; returns what is left of the history. */
export function removeOld(versions: Versions, { kept, snapshots }: Retention, onGone: OnGone): HistoryLeft {
  const stays = (index: number) => {
    const [version, newer] = [versions[index]?.version ?? 0, versions[index - 1]?.version ?? 0];
    return index < kept || snapshots.some((snapshot) => snapshot >= version && snapshot < newer);
  };
  return remove(versions, stays, onGone);
}

/**
 * Removes what is gone at the old end, where it says no more than its absence would, unless it counts: only where one version
 * is kept, which is no history, the newest one goes as well. Returns as {@linkcode removeOld}.
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

/** Takes the values from what has expired: nobody reads them. */
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
    // A reader in front of the next newer one finds what is below, or nothing.
    if (showsBelow || !isGone(version, clock.now())) wholeFrom = versions[i - 1]?.version ?? changesFrom;
    versions.splice(i, 1);
    onGone(version);
  }
  return { wholeFrom, changesFrom };
}

import * as fs from "node:fs";
import type { Prober } from "./lock_liveness.ts";
import { type LockRecord, lockNumbers, lockPath, removeOlder } from "./lock_record.ts";
import { errorCode, withErrorCode } from "./node_errors.ts";
import { OwnedLock } from "./owned_lock.ts";

/**
 * Tries to own lock file `number`, whose predecessor is released, dead or missing; `undefined` when another process was
 * faster: the name is taken, or there is a higher number. Synchronous, so that it is short.
 */
export function claimLock(prober: Prober, number: number, onRelease: () => void): OwnedLock | undefined {
  const path = lockPath(prober.directory, number);
  const fd = createExclusively(path);
  if (fd === undefined) return undefined;
  const hold = prober.kernel?.take(path, fd);
  const inode = String(fs.fstatSync(fd, { bigint: true }).ino);
  const record: LockRecord = {
    format: 1,
    ...prober.self,
    nonce: prober.nonce,
    inode,
    ...(hasStableInode(path, inode) ? { directory: prober.id } : {}),
    kernel: hold !== undefined,
    released: false,
  };
  const { directory, heartbeatMs } = prober;
  const lock = new OwnedLock({ directory, number, fd, record, hold, heartbeatMs, onRelease });
  return announceNewest(lock, prober.directory, number)
    ? removeEarlierOwners(lock, prober.directory, number)
    : undefined;
}

/** Whether path and descriptor agree on the inode: some network file systems make one up for each look. */
function hasStableInode(path: string, inode: string): boolean {
  return String(fs.statSync(path, { bigint: true, throwIfNoEntry: false })?.ino) === inode;
}

/** Writes the record; when that fails or there is a higher number, removes the file again. */
function announceNewest(lock: OwnedLock, directory: string, number: number): boolean {
  let newest = false;
  try {
    lock.announce();
    lock.persist();
    newest = isNewest(directory, number);
    return newest;
  } finally {
    if (!newest) lock.abandon();
  }
}

/** Removes the files of earlier owners, which is how they learn of it. */
function removeEarlierOwners(lock: OwnedLock, directory: string, number: number): OwnedLock | undefined {
  let owned = false;
  try {
    removeOlder(directory, number, () => lock.held());
    lock.isAlone();
    owned = lock.held();
    return owned ? lock : undefined;
  } finally {
    if (!owned) lock.release();
  }
}

/** Looks twice: one reading of a directory may miss both a name that goes and the one that comes meanwhile. */
function isNewest(directory: string, number: number): boolean {
  const isHighest = () => lockNumbers(directory).every((other) => other <= number);
  return isHighest() && isHighest();
}

function createExclusively(path: string): number | undefined {
  try {
    return withErrorCode(() => fs.openSync(path, "wx+"));
  } catch (error) {
    if (errorCode(error) === "EEXIST") return undefined;
    throw error;
  }
}

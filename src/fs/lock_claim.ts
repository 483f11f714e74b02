import * as fs from "node:fs";
import type { Prober } from "./lock_liveness.ts";
import { type LockRecord, lockNumbers, lockPath, removeOlder } from "./lock_record.ts";
import { errorCode, withErrorCode } from "./node_errors.ts";
import { OwnedLock } from "./owned_lock.ts";

/**
 * Tries to own lock file `number`. The owner before must have released the lock, be dead or missing. `undefined` if
 * another process was faster: the name is taken, or there is a higher number. Synchronous, so that it is short.
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

/** Whether path and descriptor report the same inode. Some network file systems invent a new one for each call. */
function hasStableInode(path: string, inode: string): boolean {
  return String(fs.statSync(path, { bigint: true, throwIfNoEntry: false })?.ino) === inode;
}

/** Writes the record. If that fails or there is a higher number, removes the file again. */
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

/** Removes the files of earlier owners. Their owners learn from that that they lost the lock. */
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

/** Lists the names twice: one listing may miss both a name that is being removed and a name that is being created. */
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

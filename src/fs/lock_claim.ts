import * as fs from "node:fs";
import type { Prober } from "./lock_liveness.ts";
import { draftPath, type LockRecord, lockNumbers, lockPath, removeIfPresent, removeOlder } from "./lock_record.ts";
import { errorCode, withErrorCode } from "./node_errors.ts";
import { OwnedLock } from "./owned_lock.ts";

/** What a lock file says of its owner. */
export type Claimant = Omit<Prober, "staleAfterMs" | "readOnly">;

/**
 * Tries to own lock file `number`. The owner before must have released the lock, be dead or missing. `undefined` if
 * another process was faster: the name is taken, or there is a higher number. Synchronous, so that it is short.
 *
 * The file gets its name only once it has its record. A process that is killed before that leaves no lock.
 */
export function claimLock(prober: Claimant, number: number, onRelease: () => void): OwnedLock | undefined {
  const { directory, nonce, heartbeatMs } = prober;
  const draft = draftPath(directory, nonce);
  const fd = withErrorCode(() => fs.openSync(draft, "wx+"));
  const hold = prober.kernel?.take(draft, fd);
  const inode = String(fs.fstatSync(fd, { bigint: true }).ino);
  const record: LockRecord = {
    format: 1,
    ...prober.self,
    nonce,
    inode,
    ...(hasStableInode(draft, inode) ? { directory: prober.id } : {}),
    kernel: hold !== undefined,
    released: false,
  };
  const lock = new OwnedLock({ directory, number, fd, record, hold, heartbeatMs, onRelease });
  return announceNewest(lock, draft, { directory, number }) ? removeEarlierOwners(lock, directory, number) : undefined;
}

/** Whether path and descriptor report the same inode. Some network file systems invent a new one for each call. */
function hasStableInode(path: string, inode: string): boolean {
  return String(fs.statSync(path, { bigint: true, throwIfNoEntry: false })?.ino) === inode;
}

/** Writes the record, and gives the file its name. If that fails or there is a higher number, removes the file again. */
function announceNewest(
  lock: OwnedLock,
  draft: string,
  { directory, number }: { readonly directory: string; readonly number: number },
): boolean {
  let newest = false;
  try {
    lock.announce();
    lock.persist();
    newest = nameExclusively(draft, lockPath(directory, number)) && isNewest(directory, number);
    return newest;
  } finally {
    if (!newest) lock.abandon();
    removeIfPresent(draft);
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

/** Gives the file a second name. Returns `false` if the name is taken, or the next owner has removed the first one. */
function nameExclusively(draft: string, path: string): boolean {
  try {
    withErrorCode(() => fs.linkSync(draft, path));
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST" || code === "ENOENT") return false;
    return renameExclusively(draft, path);
  }
}

/** The same without hard links. For a moment the file with the name is empty. */
function renameExclusively(draft: string, path: string): boolean {
  try {
    fs.closeSync(withErrorCode(() => fs.openSync(path, "wx")));
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
  try {
    fs.renameSync(draft, path);
    return true;
  } catch (error) {
    // An empty lock would make the next owner wait.
    removeIfPresent(path);
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

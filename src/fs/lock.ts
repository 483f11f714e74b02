import type { DirectoryLock } from "../api/file_system.ts";
import { clearTimeout, setTimeout, sleep, type Timer } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { process } from "../process.ts";
import { kernelLock } from "./kernel_lock.ts";
import { claimLock } from "./lock_claim.ts";
import { judgeOwner, type Prober, type Verdict } from "./lock_liveness.ts";
import { currentLock, directoryId, type FoundLock } from "./lock_record.ts";
import { listenInDirectory } from "./lock_socket.ts";
import { lossBy, type OwnedLock } from "./owned_lock.ts";
import { ownIdentity } from "./process_identity.ts";
import { randomName } from "./random.ts";

/** The times of a lock's heartbeat. */
export interface LockOptions {
  /**
   * An owner that can only be judged by its heartbeat is considered dead after this long without one. In ms: 10,000.
   */
  readonly staleAfterMs?: number;
  /** The time between two heartbeats. In ms: 2,000. */
  readonly heartbeatMs?: number;
}

/** More rounds than any real contention needs: another process wins each round that this one loses. */
const MAX_ROUNDS = 100;
const PAUSE_MS = 5;
/** Loading sockets takes Node 7 ms of CPU. A short command should not pay for that. */
const LISTEN_AFTER_MS = 100;
/**
 * An owner writes its record right after it creates its file. So an unreadable file is read this often, with this
 * pause.
 */
const UNREADABLE_ROUNDS = 20;

/**
 * The locks that this thread holds or is about to take, by the identity of the directory. Includes other copies of this
 * module, which come from hot reloading or a mix of module formats.
 */
const inThisThread: Map<string, Present> = registry();

interface Present {
  held(): boolean;
  release?(): void;
  /** Whether the store of this lock was collected as garbage. */
  readonly isUnused?: boolean;
}

function registry(): Map<string, Present> {
  const global = globalThis as { [key: symbol]: Map<string, Present> | undefined };
  const key = Symbol.for("luge.directories");
  const known = global[key] ?? new Map();
  global[key] = known;
  return known;
}

/**
 * Makes the caller the only owner of `directory`, in this process, among other processes and other runtimes.
 *
 * The lock file `LOCK.<n>` with the highest n has the state. Without a file nobody has ever locked the directory;
 * otherwise the file names the owner, or says that it released the lock. A taker creates n + 1 exclusively and removes
 * the lower files. The highest file is never removed, so no n is used twice. Assume that two processes find the same
 * dead owner. One of them fails to create the next file, or creates it too late and sees a higher one.
 *
 * An owner that lost its lock learns it from its own file, which is missing then. So `held()`, called before each
 * write, is the fence. `held()` looks at the path. So it also detects that the directory was moved, replaced or
 * removed, or that the path now points to another directory.
 *
 * For liveness see {@linkcode judgeOwner}. Works on local file systems only: others may show times and removals late.
 *
 * Rejects with a `StoreError` `STORE_LOCKED` while another owner is alive. Rejects with the error of the file system
 * (`ENOENT`, `ENOTDIR`, `EACCES`, `EROFS`, `ENOSPC`, …) if it cannot decide.
 */
export async function lockDirectory(directory: string, options: LockOptions = {}): Promise<DirectoryLock> {
  const id = directoryId(directory);
  if (isTakenHere(id)) throw ownError(directory);
  const reservation = { held: () => true };
  inThisThread.set(id, reservation);
  let owned: OwnedLock | undefined;
  let listening: Timer | undefined;
  const forget = () => {
    clearTimeout(listening);
    if (owned && inThisThread.get(id) === owned) inThisThread.delete(id);
  };
  try {
    owned = await acquire(directory, options, forget);
    inThisThread.set(id, owned);
    listening = listenSoon(owned, directory);
    return owned;
  } catch (error) {
    inThisThread.delete(id);
    throw error;
  }
}

/**
 * Checks that no owner of `directory` is alive, and writes nothing. If only the heartbeat can tell, its age is measured
 * by this machine's clock. `held()` is false once somebody has locked the directory. Rejects as {@linkcode
 * lockDirectory} does.
 */
export async function observeDirectory(directory: string, options: LockOptions = {}): Promise<DirectoryLock> {
  if (isTakenHere(directoryId(directory))) throw ownError(directory);
  const prober = { ...proberOf(directory, options), readOnly: true };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const current = await settledLock(directory);
    const verdict = await judge(current, prober);
    if (verdict.state === "alive") throw lockedError(directory, current, verdict.silentMs, prober.staleAfterMs);
    if (verdict.state === "dead") {
      return observed(directory, current, prober.id);
    }
    await sleep(Math.random() * PAUSE_MS);
  }
  throw contendedError(directory);
}

/**
 * Whether a store of this thread has the directory. First releases the lock of a store that was collected as garbage.
 */
function isTakenHere(id: string): boolean {
  const present = inThisThread.get(id);
  if (present?.isUnused) present.release?.();
  return present?.held() ?? false;
}

/**
 * Begins to listen a moment after the lock was taken. Until then the other signs of life count. Does not keep the
 * process alive.
 */
function listenSoon(owned: OwnedLock, directory: string): Timer {
  const timer = setTimeout(() => void listen(owned, directory), LISTEN_AFTER_MS);
  timer.unref();
  return timer;
}

/** The record names the socket only once the owner listens on it. So a socket that refuses belongs to a dead owner. */
async function listen(owned: OwnedLock, directory: string): Promise<void> {
  const held = () => owned.held();
  const socket = await listenInDirectory({ directory, nonce: owned.nonce, held });
  if (socket) owned.listensOn(socket);
}

function proberOf(directory: string, options: LockOptions): Prober {
  const { staleAfterMs = 10_000, heartbeatMs = 2_000 } = options;
  const [self, kernel, nonce] = [ownIdentity(), kernelLock(), randomName()];
  return { directory, id: directoryId(directory), self, kernel, nonce, staleAfterMs, heartbeatMs };
}

async function acquire(directory: string, options: LockOptions, onRelease: () => void): Promise<OwnedLock> {
  const prober = proberOf(directory, options);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const current = await settledLock(directory);
    const verdict = await judge(current, prober);
    if (verdict.state === "alive") throw lockedError(directory, current, verdict.silentMs, prober.staleAfterMs);
    const lock = verdict.state === "dead" ? claimLock(prober, (current?.number ?? 0) + 1, onRelease) : undefined;
    if (lock) return lock;
    await sleep(Math.random() * PAUSE_MS);
  }
  throw contendedError(directory);
}

/** Held until somebody locks the directory, or the path points to another directory. */
function observed(directory: string, current: FoundLock | undefined, id: string): DirectoryLock {
  let lossReason: string | undefined;
  const isTaken = () => {
    const now = currentLock(directory);
    return now?.number !== current?.number || now?.inode !== current?.inode;
  };
  const held = () => {
    if (lossReason !== undefined) return false;
    try {
      if (directoryId(directory) !== id) lossReason = lossBy(undefined);
      else if (isTaken()) lossReason = "another store opened it for writing";
    } catch (error) {
      lossReason = lossBy(error);
    }
    return lossReason === undefined;
  };
  return {
    held,
    get lossReason() {
      return lossReason;
    },
    release: () => {},
  };
}

/** The current lock file with its record. Without a record if the file stays unreadable. */
async function settledLock(directory: string): Promise<FoundLock | undefined> {
  let current = currentLock(directory);
  for (let round = 1; round < UNREADABLE_ROUNDS && current && !current.record; round++) {
    await sleep(PAUSE_MS);
    current = currentLock(directory);
  }
  return current;
}

async function judge(current: FoundLock | undefined, prober: Prober): Promise<Verdict> {
  if (!current || current.record?.released) return { state: "dead" };
  return judgeOwner(current, prober);
}

function contendedError(directory: string): StoreError {
  const message = `The directory '${directory}' is contended: ${MAX_ROUNDS} attempts to lock it failed; ${REMEDY}`;
  return new StoreError("STORE_LOCKED", message);
}

function ownError(directory: string): StoreError {
  const what = `The directory '${directory}' is locked by this process, ${process.pid}: it is already open`;
  const remedy = "use the store that is open, or close it first; the option waitForLock waits until it is closed";
  return new StoreError("STORE_LOCKED", `${what}; ${remedy}`);
}

const REMEDY = "close the store there, or wait for that with the option waitForLock";

function lockedError(
  directory: string,
  current: FoundLock | undefined,
  silentMs: number | undefined,
  staleAfterMs: number,
): StoreError {
  const record = current?.record;
  const owner = record ? `process ${record.pid} (${record.runtime})` : "an owner that has not written its process id";
  const hint = silentMs === undefined ? "" : `; ${heartbeatHint(silentMs, staleAfterMs)}`;
  return new StoreError("STORE_LOCKED", `The directory '${directory}' is locked by ${owner}${hint}; ${REMEDY}`);
}

/** The hint if no sign of life but the heartbeat can be checked. */
function heartbeatHint(silentMs: number, staleAfterMs: number): string {
  const left = seconds(Math.max(0, staleAfterMs - silentMs));
  return `its last heartbeat was ${seconds(silentMs)} ago, and without another one it can be taken over in ${left}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

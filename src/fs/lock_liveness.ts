import { clock, sleep } from "../clock.ts";
import type { KernelLock } from "./kernel_lock.ts";
import { type FoundLock, fileSystemNow, type LockRecord, readLock } from "./lock_record.ts";
import { askSocket } from "./lock_socket_probe.ts";
import { errorCode } from "./node_errors.ts";
import {
  isSameProcess,
  onOtherMachine,
  onSameMachine,
  type ProcessIdentity,
  processState,
  sharesProcessIds,
} from "./process_identity.ts";

/** The process that asks, and how long it waits for a sign of life. */
export interface Prober {
  readonly directory: string;
  /** Device and inode of the directory. */
  readonly id: string;
  readonly self: ProcessIdentity;
  readonly kernel: KernelLock | undefined;
  readonly nonce: string;
  readonly staleAfterMs: number;
  readonly heartbeatMs: number;
  /** Writes nothing, not even a file that shows the time of the file system. */
  readonly readOnly?: boolean;
}

/**
 * `"changed"`: the lock file changed while it was watched, so look again. `silentMs` is the time since the last
 * heartbeat; it exists only if nothing but the heartbeat could tell.
 */
export type Verdict = { readonly state: "alive"; readonly silentMs?: number } | { readonly state: "dead" | "changed" };

const ALIVE: Verdict = { state: "alive" };
const DEAD: Verdict = { state: "dead" };
const CHANGED: Verdict = { state: "changed" };

/** How many heartbeats an owner that looks dead gets. It may have been suspended, or the clock may have been set. */
const OBSERVED_HEARTBEATS = 1.5;

/**
 * Checks whether the owner of an unreleased lock file is alive: by the kernel's lock, else by its process, else by its
 * socket, else by its heartbeat. A wrong "dead" costs the owner its lock, so a check that is in doubt leaves the answer
 * to the next check.
 */
export async function judgeOwner(found: FoundLock, prober: Prober): Promise<Verdict> {
  const { record } = found;
  if (!record) return judgeByHeartbeat(found, prober);
  if (record.inode !== found.inode) {
    return judgeCopy(record, prober) ?? judgeByKernel(found, record, prober) ?? judgeByHeartbeat(found, prober);
  }
  return (
    judgeByKernel(found, record, prober) ??
    judgeByProcess(record, prober) ??
    (await judgeBySocket(record, prober)) ??
    judgeByHeartbeat(found, prober)
  );
}

/** A copied directory has the record of an owner that owns the original directory. */
function judgeCopy(record: LockRecord, prober: Prober): Verdict | undefined {
  // On a file system without stable inodes, the record does not say which directory the owner has.
  const isElsewhere = record.directory !== undefined && record.directory !== prober.id;
  return isElsewhere && onSameMachine(record, prober.self) ? DEAD : undefined;
}

async function judgeBySocket(record: LockRecord, prober: Prober): Promise<Verdict | undefined> {
  if (record.socket === undefined) return undefined;
  const answer = await askSocket(prober.directory, record.socket, record.nonce);
  if (answer === "lives") return ALIVE;
  if (answer === "broken") return CHANGED;
  // The kernel of this machine knows nothing about an owner on another machine.
  return answer === "refused" && onSameMachine(record, prober.self) ? DEAD : undefined;
}

function judgeByKernel(found: FoundLock, record: LockRecord, prober: Prober): Verdict | undefined {
  if (!record.kernel || !prober.kernel) return undefined;
  const taken = isTaken(found.path, prober.kernel);
  if (taken === undefined) return CHANGED;
  if (taken) return prober.kernel.endsWithThread || !isSameProcess(record, prober.self) ? ALIVE : undefined;
  // Some shared file systems keep locks within one machine.
  return onOtherMachine(record, prober.self) ? undefined : DEAD;
}

function isTaken(path: string, kernel: KernelLock): boolean | undefined {
  try {
    return kernel.isTaken(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function judgeByProcess(record: LockRecord, prober: Prober): Verdict | undefined {
  if (!sharesProcessIds(record, prober.self)) return undefined;
  // Another thread, or another copy of this module: the owner may be dead although the process is alive.
  if (isSameProcess(record, prober.self)) return undefined;
  const state = processState(record);
  if (state === "unknown") return undefined;
  return state === "running" ? ALIVE : DEAD;
}

async function judgeByHeartbeat(found: FoundLock, prober: Prober): Promise<Verdict> {
  // A time in the future says nothing: the clock was set back. A live owner will soon write the new time.
  const now = prober.readOnly ? clock.now() : fileSystemNow(prober.directory, prober.nonce);
  const silentMs = Math.abs(now - found.modifiedMs);
  if (silentMs <= prober.staleAfterMs) return { state: "alive", silentMs };
  await sleep(OBSERVED_HEARTBEATS * prober.heartbeatMs);
  const later = readLock(prober.directory, found.number);
  const unchanged = later && later.inode === found.inode && later.modifiedMs === found.modifiedMs;
  return unchanged ? DEAD : CHANGED;
}

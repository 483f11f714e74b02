/**
 * Takes the directory of an owner that the kernel has stopped: see "A frozen owner" in docs/design/sharing.md.
 *
 * While the files are renewed, the lock names the stopped process as its owner, and this one as the `taker`. So nobody
 * else opens the store meanwhile. If this process dies, the next one that shares the store does the same again. If the
 * stopped process dies, everybody may open the store: there is nobody left who could write late.
 *
 * @module
 */

import { existsSync, rmSync } from "node:fs";
import type { Logger } from "../api/logger.ts";
import { clock, setTimeout, sleep } from "../clock.ts";
import { claimLock } from "../fs/lock_claim.ts";
import { currentLock, directoryId, type FoundLock, type LockRecord } from "../fs/lock_record.ts";
import type { OwnedLock } from "../fs/owned_lock.ts";
import { isSameProcess, ownIdentity, type ProcessIdentity, sharesProcessIds } from "../fs/process_identity.ts";
import { randomName } from "../fs/random.ts";
import { standstillOf } from "../fs/stopped_process.ts";
import { messageOf } from "../realm.ts";
import { SETTLE_MS } from "./fence.ts";
import { renewFiles, whyNotRenewed } from "./renewal.ts";
import { folderOf, socketIn } from "./socket_path.ts";

/** How long a process must stand still, without a pause, until it counts as frozen, in milliseconds. */
const STILL_MS = 450;
/** The pause after an error of the disk, in milliseconds. */
const AGAIN_MS = 1000;
const HEARTBEAT_MS = 2000;

/** A process that takes over: the part of {@linkcode ProcessIdentity} that is not that of the owner. */
type Taker = Pick<ProcessIdentity, "pid" | "started">;

/** The record of a lock that is being taken over. */
type TakenRecord = LockRecord & { readonly taker?: Taker };

/** Watches whether one process stands still. Only looks, so it can be asked as often as one likes. */
class Stillness {
  #mark = "";
  #sinceMs = 0;

  /** Whether the process stood still from a look at least {@linkcode STILL_MS} ago until now. */
  holds(process: Taker): boolean {
    const seen = standstillOf(process);
    const mark = seen.state === "stopped" ? `${process.pid} ${process.started} ${seen.mark}` : "";
    if (mark !== this.#mark) [this.#mark, this.#sinceMs] = [mark, clock.monotonic()];
    return mark !== "" && clock.monotonic() - this.#sinceMs >= STILL_MS;
  }
}

/** Whether a lock that this process held is another one's now. */
export function isTakenOver(directory: string): boolean {
  try {
    const record: TakenRecord | undefined = currentLock(directory)?.record;
    return record !== undefined && (record.taker !== undefined || !isSameProcess(record, ownIdentity()));
  } catch {
    // It was moved or removed.
    return false;
  }
}

/** Looks at the owner of one directory, and takes over from it if it is frozen. */
export class Takeover {
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #owner = new Stillness();
  readonly #taker = new Stillness();
  #isTaking = false;
  #toldReason: string | undefined;

  constructor(directory: string, logger: Logger) {
    this.#directory = directory;
    this.#logger = logger;
  }

  /**
   * Whether there is another way to the store than to wait for the owner whose lock has this nonce: it is not the owner
   * any more, or is frozen and was fenced off now. Settles once that is done. To be called again and again.
   */
  async look(nonce: string | undefined): Promise<boolean> {
    if (this.#isTaking) return false;
    this.#isTaking = true;
    try {
      const found = currentLock(this.#directory);
      if (!found?.record || found.record.released || found.record.nonce !== nonce) return true;
      return this.#isFrozen(found.record) && (await this.#take(found, found.record));
    } catch (error) {
      this.#tell(messageOf(error));
      return false;
    } finally {
      this.#isTaking = false;
    }
  }

  /** Takes over from a frozen process that has the lock and does not listen: it still opens the store. */
  async lookAtOwner(): Promise<void> {
    // Without `shared`, an open removes the folder. So the process that has the lock shares the store, or still opens it.
    if (!existsSync(folderOf(this.#directory))) return;
    await this.look(currentLock(this.#directory)?.record?.nonce);
  }

  #isFrozen(record: TakenRecord): boolean {
    const self = ownIdentity();
    if (!sharesProcessIds(record, self)) return false;
    const { taker } = record;
    if (taker === undefined) return !isSameProcess(record, self) && this.#owner.holds(record);
    // The taker has fenced the owner off, whatever that does now, and renews the files.
    return standstillOf(taker).state === "gone" || this.#taker.holds(taker);
  }

  async #take(found: FoundLock, record: TakenRecord): Promise<boolean> {
    const directory = this.#directory;
    const reason = whyNotRenewed(directory);
    if (reason !== undefined) {
      this.#tell(reason);
      return false;
    }
    // It may have continued while the files were looked at.
    if (!this.#isFrozen(record)) return false;
    const { pid, runtime, machine, namespace, started } = record;
    const own = ownIdentity();
    const named = { pid, runtime, machine, namespace, started, taker: { pid: own.pid, started: own.started } };
    const claimant = {
      directory,
      id: directoryId(directory),
      self: named as ProcessIdentity,
      kernel: undefined,
      nonce: randomName(),
      heartbeatMs: HEARTBEAT_MS,
    };
    const lock = claimLock(claimant, found.number + 1, () => {});
    if (!lock) return true;
    this.#warn(`'${directory}' is taken over from process ${pid}, which is stopped`);
    await this.#renew(lock);
    return true;
  }

  /**
   * Never gives up: the lock names a process that does not have it. Ends without success only if yet another process took
   * the lock over.
   */
  async #renew(lock: OwnedLock): Promise<void> {
    for (;;) {
      try {
        if (!lock.held()) return;
        // Nobody shall wait for an answer of the frozen process.
        rmSync(socketIn(this.#directory), { force: true });
        // What it answered before it stood still is in the files by then: see LEASE_MS.
        await sleep(SETTLE_MS);
        await renewFiles(this.#directory, lock, lock.nonce);
        lock.release();
        return;
      } catch (error) {
        // If this process stood still, too, another one took over, and removed the copy.
        if (!lock.held()) return;
        this.#tell(messageOf(error));
        await pause(AGAIN_MS);
      }
    }
  }

  /** Says each reason once. */
  #tell(reason: string): void {
    if (reason === this.#toldReason) return;
    this.#toldReason = reason;
    this.#warn(`'${this.#directory}' cannot be taken over from a process that is stopped: ${reason}`);
  }

  #warn(line: string): void {
    try {
      this.#logger.warn(line);
    } catch {
      // A logger that throws must not keep the lock here for ever.
    }
  }
}

/** Keeps no process alive: another one would go on. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

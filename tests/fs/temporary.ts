import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { kernelLock } from "../../src/fs/kernel_lock.ts";
import { currentLock } from "../../src/fs/lock_record.ts";
import type { Child } from "./child.ts";

/** New directories for one test file, and the child processes that use them. */
export class Temporary {
  readonly #root: string = mkdtempSync(`${tmpdir()}/luge-lock-`);
  readonly #children: Child[] = [];
  #count = 0;

  directory(): string {
    const path = `${this.#root}/${this.#count++}`;
    mkdirSync(path);
    return path;
  }

  /** Registers a child that `cleanUp` ends. */
  own(child: Child): Child {
    this.#children.push(child);
    return child;
  }

  async cleanUp(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.kill()));
    rmSync(this.#root, { recursive: true });
  }
}

/** The names of all files that the lock created in a directory. */
export function lockFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith("LOCK."));
}

/** Waits until the record says that the owner listens on its socket. Returns the socket's name in the record. */
export async function listening(directory: string): Promise<string> {
  for (let end = Date.now() + 20_000; Date.now() < end; await sleep(1)) {
    const socket = currentLock(directory)?.record?.socket;
    if (socket !== undefined) return socket;
  }
  throw new Error(`nobody listens in '${directory}'`);
}

/**
 * Settles once the thread of a terminated worker, which had the directory, has ended. Deno's `terminate` settles
 * earlier, and the kernel releases the thread's lock only when the thread ends.
 */
export async function threadEnded(directory: string): Promise<void> {
  const kernel = kernelLock();
  const path = currentLock(directory)?.path;
  if (!kernel?.endsWithThread || path === undefined) return;
  for (let end = Date.now() + 20_000; Date.now() < end; await sleep(1)) if (!kernel.isTaken(path)) return;
  throw new Error(`the thread that had '${directory}' does not end`);
}

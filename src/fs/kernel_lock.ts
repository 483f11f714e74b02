import * as fs from "node:fs";
import { process } from "../process.ts";

/**
 * `flock`, on runtimes that offer it. The operating system releases the lock when its holder dies, in whatever way.
 * Deno has it, Bun has it through ffi, Node does not have it. Nobody uses it on Windows.
 */
export interface KernelLock {
  /** Whether a terminated worker thread releases its locks. Deno's threads do; Bun keeps their descriptors. */
  readonly endsWithThread: boolean;
  /** Locks the file at `path`, which is open as `fd`. `undefined` if that is impossible. */
  take(path: string, fd: number): KernelHold | undefined;
  /** Whether anyone holds the lock on the file at `path`. Several processes may ask at the same time. */
  isTaken(path: string): boolean;
}

/** A lock that is held until it is closed, or until its process ends. */
export interface KernelHold {
  close(): void;
}

/**
 * The kernel lock of this runtime; `undefined` if it has none. On Windows a lock forbids every other handle to read and
 * write the file: the owner could not write its record, and nobody could read it.
 */
export function kernelLock(): KernelLock | undefined {
  return process.platform === "win32" ? undefined : (denoLock() ?? bunLock());
}

interface DenoFile {
  tryLockSync(exclusive: boolean): boolean;
  close(): void;
}

interface DenoApi {
  openSync(path: string, options: { read: boolean; write?: boolean }): DenoFile;
}

function denoLock(): KernelLock | undefined {
  const deno = (globalThis as { Deno?: DenoApi }).Deno;
  if (!deno?.openSync) return undefined;
  return {
    endsWithThread: true,
    take: (path) => takeWithDeno(deno, path),
    isTaken(path) {
      const file = deno.openSync(path, { read: true });
      try {
        return !file.tryLockSync(false);
      } finally {
        file.close();
      }
    },
  };
}

/** Uses its own file handle: Deno cannot lock a descriptor of `node:fs`. */
function takeWithDeno(deno: DenoApi, path: string): KernelHold | undefined {
  let file: DenoFile | undefined;
  try {
    const opened = deno.openSync(path, { read: true, write: true });
    file = opened;
    if (opened.tryLockSync(true)) return { close: () => opened.close() };
  } catch {
    // The file system has no locks, or another taker has removed the file. The record then says that there is no kernel
    // lock, and the caller checks that the file still exists.
  }
  file?.close();
  return undefined;
}

const LOCK_SHARED = 1;
const LOCK_EXCLUSIVE = 2;
const LOCK_NO_WAIT = 4;

/** `flock` of libc. Returns 0 for success. */
type Flock = (fd: number, operation: number) => number;

function bunLock(): KernelLock | undefined {
  if (!("Bun" in globalThis)) return undefined;
  const flock = loadFlock();
  if (!flock) return undefined;
  return {
    endsWithThread: false,
    // The lock belongs to the descriptor, and ends when the owner closes it.
    take: (_path, fd) => (flock(fd, LOCK_EXCLUSIVE | LOCK_NO_WAIT) === 0 ? { close() {} } : undefined),
    isTaken(path) {
      const fd = fs.openSync(path, "r");
      try {
        return flock(fd, LOCK_SHARED | LOCK_NO_WAIT) !== 0;
      } finally {
        fs.closeSync(fd);
      }
    },
  };
}

interface BunFfi {
  dlopen(name: string, symbols: Record<"flock", object>): { symbols: { flock: Flock } };
}

/** The first name is for glibc and musl, the second one for macOS. Other systems have no such library. */
const LIBC_NAMES: readonly string[] = ["libc.so.6", "libSystem.B.dylib"];

interface BuiltinModules {
  getBuiltinModule?(name: string): BunFfi | undefined;
}

function loadFlock(): Flock | undefined {
  // Not an `import`: bundlers for other runtimes follow it, even in a variable, and fail because the module is missing.
  const ffi = (process as BuiltinModules).getBuiltinModule?.("bun:ffi");
  if (!ffi) return undefined;
  for (const name of LIBC_NAMES) {
    try {
      return ffi.dlopen(name, { flock: { args: ["i32", "i32"], returns: "i32" } }).symbols.flock;
    } catch {
      // This system does not use this name. Try the next one.
    }
  }
  return undefined;
}

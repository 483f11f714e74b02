import type { DirectoryLock, FileSystem } from "../api/file_system.ts";
import { CopiedBytes, LowerFiles } from "./copied_bytes.ts";
import { lockLost } from "./filesystem.ts";
import { type Directory, MemoryFileSystem } from "./memory.ts";

/**
 * A view of a directory that keeps every change in memory. It writes, creates and removes nothing on the lower file
 * system.
 */
export interface ReadOnlyView {
  /** Has the directory at its own path, as it was when the view was created, and nothing else. */
  readonly fileSystem: FileSystem;
  /** Closes the open files of the lower file system. */
  close(): void;
}

/** A view of the directory `root` of `lower`. Reads fail with `LOCK_LOST` once `lock` is not held any more. */
export function readOnlyView(lower: FileSystem, root: string, lock: DirectoryLock): ReadOnlyView {
  const files = new LowerFiles(lower, () => {
    if (lock.held()) return;
    throw lockLost("read", root, lock);
  });
  const fileSystem = new MemoryFileSystem(rootOf(root, copyOf(lower, root, files)));
  return { fileSystem, close: () => files.close() };
}

function copyOf(lower: FileSystem, path: string, files: LowerFiles): Directory {
  const directory: Directory = new Map();
  for (const { name, kind } of lower.list(path)) {
    const child = `${path}/${name}`;
    if (kind === "directory") directory.set(name, copyOf(lower, child, files));
    else if (kind === "file") directory.set(name, new CopiedBytes(files, child, lower.stat(child)?.size ?? 0));
  }
  return directory;
}

/** A root that has only the directories on the way to `path`. */
function rootOf(path: string, directory: Directory): Directory {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  return names.reduceRight((child, name) => new Map([[name, child]]), directory);
}

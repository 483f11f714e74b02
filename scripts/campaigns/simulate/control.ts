/**
 * Stores without a rule that makes them durable. A simulation that does not find their faults proves nothing.
 *
 * @module
 */

import type { FileOpenOptions, FileSystem, OpenFile } from "../../../src/api/file_system.ts";
import type { Lies, SimulatedDisk } from "./disk.ts";

/** A rule that is switched off. */
export interface Control {
  readonly name: string;
  readonly lies?: Lies;
  readonly view?: (disk: SimulatedDisk) => FileSystem;
  /** The blocks that a worker wrote are not synced, although its answer says so. */
  readonly areJobsUnsynced?: boolean;
  /** Only lives of this kind: the cheapest kind that finds the fault. */
  readonly profile?: string;
}

const isLog = (path: string) => path.startsWith("data/log/");
const isBlocks = (path: string) => path.startsWith("data/upper/") || path.startsWith("data/bottom/");
const isIndex = (path: string) => path.startsWith("data/index/");

/** Each control switches off one rule, or one part of it. */
export const CONTROLS: readonly Control[] = [
  { name: "no file is synced", lies: { sync: () => true } },
  { name: "no directory is synced", lies: { syncDirectory: () => true } },
  { name: "the log is not synced", lies: { sync: isLog } },
  { name: "the names of the log's segments are not synced", lies: { syncDirectory: (path) => path === "data/log" } },
  { name: "blocks are not synced", lies: { sync: isBlocks } },
  {
    name: "the names of segments with blocks are not synced",
    lies: { syncDirectory: (path) => path === "data/upper" || path === "data/bottom" },
  },
  { name: "the blocks of jobs are not synced", areJobsUnsynced: true, profile: "wide" },
  { name: "sled's files are not synced", lies: { sync: isIndex } },
  { name: "the names of sled's files are not synced", lies: { syncDirectory: (path) => path === "data/index" } },
  { name: "the marker is not synced", lies: { sync: (path) => path.startsWith("data/LUGE") } },
  { name: "conf is written in place, not synced", view: (disk) => new ConfInPlace(disk) },
  { name: "leftover snapshots are not removed", view: (disk) => new KeptLeftovers(disk) },
  { name: "a rename removes first", view: (disk) => new RenameInTwo(disk) },
  { name: "the fence does not look where the path leads", view: (disk) => new BlindFence(disk), profile: "small" },
];

/** Passes every call on. */
class View implements FileSystem {
  protected readonly disk: SimulatedDisk;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
  }

  open(path: string, options: FileOpenOptions): OpenFile {
    return this.disk.open(path, options);
  }

  stat(path: string): ReturnType<FileSystem["stat"]> {
    return this.disk.stat(path);
  }

  list(path: string): ReturnType<FileSystem["list"]> {
    return this.disk.list(path);
  }

  makeDirectory(path: string): void {
    this.disk.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.disk.rename(from, to);
  }

  remove(path: string): void {
    this.disk.remove(path);
  }

  removeDirectory(path: string): void {
    this.disk.removeDirectory(path);
  }

  syncDirectory(path: string): void {
    this.disk.syncDirectory(path);
  }

  syncDirectoryOffThread(path: string): Promise<void> {
    return this.disk.syncDirectoryOffThread(path);
  }

  lock(path: string): ReturnType<FileSystem["lock"]> {
    return this.disk.lock(path);
  }
}

/** sled's original way: `conf` is written in place, and never synced. */
class ConfInPlace extends View {
  override open(path: string, options: FileOpenOptions): OpenFile {
    if (!path.endsWith("/conf.tmp")) return super.open(path, options);
    const file = super.open(path.slice(0, -".tmp".length), options);
    return {
      read: (buffer, position) => file.read(buffer, position),
      write: (buffer, position) => file.write(buffer, position),
      size: () => file.size(),
      truncate: (size) => file.truncate(size),
      sync: () => {},
      syncOffThread: async () => {},
      close: () => file.close(),
    };
  }

  override rename(from: string, to: string): void {
    if (!from.endsWith("/conf.tmp")) super.rename(from, to);
  }
}

/** Keeps files that look like a finished snapshot to sled. */
class KeptLeftovers extends View {
  override remove(path: string): void {
    if (!path.endsWith(".generating")) super.remove(path);
  }
}

/** A rename that removes the target first. */
class RenameInTwo extends View {
  override rename(from: string, to: string): void {
    const file = this.disk.file(from);
    this.disk.remove(from);
    const copy = this.disk.open(to, { write: true, create: true, truncate: true });
    copy.write(file.live.bytes(), 0);
    copy.close();
  }
}

/** The lock reports that it is held until it is released. */
class BlindFence extends View {
  override async lock(path: string): ReturnType<FileSystem["lock"]> {
    const lock = await super.lock(path);
    let isOurs = true;
    const release = () => {
      isOurs = false;
      lock.release();
    };
    return { held: () => isOurs, release };
  }
}

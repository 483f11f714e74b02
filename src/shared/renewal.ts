/**
 * Gives the files of a store new inodes. A process that was stopped in the middle of a write may carry it out much later,
 * through a file that it has open. That file has no name any more then.
 *
 * - The files of the index are written in place, so all of them are copied.
 * - The log is only ever extended, at the end of its newest file, or of the one before while that is being synced. Both
 *   are copied.
 * - Files of blocks are only ever extended, by blocks that nothing refers to: a block counts once the index refers to it,
 *   and the index is new. They stay.
 * - The marker and a restored backup get their names when they are whole. Their drafts are removed, so a late rename finds
 *   nothing. The same holds for sled's snapshots. The content of the reserve is never read.
 *
 * @module
 */

import * as fs from "node:fs";
import type { DirectoryLock } from "../api/file_system.ts";
import { UNFINISHED_RESTORE } from "../backup/restore_names.ts";
import { lockLost } from "../fs/filesystem.ts";
import { draftPath, removeIfPresent } from "../fs/lock_record.ts";
import { MARKER, UNFINISHED_MARKER } from "../store_marker.ts";

/** What an open needs besides, in bytes. */
const SPARE_BYTES = 16 * 1024 * 1024;
/** How many files of the log may still be extended. */
const NEWEST = 2;
/** How a segment of any format begins: `engine/src/log/segment.rs`. */
const SEGMENT_START = "lugelog";

const SEGMENT = /^\d{10}\.luge$/;
/** What sled has not finished. */
const DRAFT = /^(?:conf\.tmp|snap\..*\.generating)$/;

/** Why the files cannot be renewed now, as the end of a sentence. `undefined` if they can. Changes nothing. */
export function whyNotRenewed(directory: string): string | undefined {
  if (!fs.existsSync(`${directory}/${MARKER}`)) return "it has no store yet";
  const newest = newestSegments(directory)[0];
  // A first segment that is torn is removed by whoever writes next. The stopped process may be about to do that, and
  // would later remove the one that takes its place.
  if (newest !== undefined && !isWhole(newest)) return `it was stopped while it began ${newest}`;
  const bytes = writtenFiles(directory).reduce((sum, path) => sum + fs.statSync(path).size, SPARE_BYTES);
  const freeBytes = freeIn(directory);
  if (freeBytes === undefined || freeBytes >= bytes) return undefined;
  return `its index and the end of its log must be copied, which takes ${bytes} bytes, and ${freeBytes} are free`;
}

/**
 * Renews all files that another process may still write to. The lock must be held; nobody else may use the store. Copies
 * in names that the next owner of the lock removes, so that a late rename of this process finds nothing, either. Rejects
 * with the error of the disk, and with `LOCK_LOST`. Each file is then old or new, and whole.
 */
export async function renewFiles(directory: string, lock: DirectoryLock, nonce: string): Promise<void> {
  const change = (call: () => void) => {
    if (!lock.held()) throw lockLost("take over", directory, lock);
    call();
  };
  for (const draft of draftsIn(directory)) change(() => removeIfPresent(draft));
  const copy = draftPath(directory, `${nonce}-copy`);
  const parents = new Set<string>();
  for (const path of writtenFiles(directory)) {
    change(() => removeIfPresent(copy));
    await copyDurably(path, copy);
    change(() => fs.renameSync(copy, path));
    parents.add(path.slice(0, path.lastIndexOf("/")));
  }
  for (const parent of parents) await syncNames(parent);
}

/** The files that may be written to in place, or extended. */
function writtenFiles(directory: string): string[] {
  const ofIndex = ["index", "index/blobs"].flatMap((folder) => filesIn(`${directory}/${folder}`));
  return [...ofIndex, ...newestSegments(directory)];
}

function newestSegments(directory: string): string[] {
  const segments = filesIn(`${directory}/log`).filter((path) => SEGMENT.test(nameOf(path)));
  return segments.sort().reverse().slice(0, NEWEST);
}

function draftsIn(directory: string): string[] {
  const ofIndex = filesIn(`${directory}/index`).filter((path) => DRAFT.test(nameOf(path)));
  return [`${directory}/${UNFINISHED_MARKER}`, `${directory}/${UNFINISHED_RESTORE}`, ...ofIndex];
}

function filesIn(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => `${folder}/${name}`);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function isWhole(segment: string): boolean {
  const fd = fs.openSync(segment, "r");
  try {
    const start = new Uint8Array(SEGMENT_START.length);
    fs.readSync(fd, start, 0, start.length, 0);
    return new TextDecoder().decode(start) === SEGMENT_START;
  } finally {
    fs.closeSync(fd);
  }
}

function freeIn(directory: string): number | undefined {
  try {
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize;
  } catch {
    // Deno may not ask.
    return undefined;
  }
}

async function copyDurably(from: string, to: string): Promise<void> {
  const { COPYFILE_EXCL, COPYFILE_FICLONE } = fs.constants;
  await result((done) => fs.copyFile(from, to, COPYFILE_EXCL | COPYFILE_FICLONE, done));
  await synced(to, "r+");
}

async function syncNames(folder: string): Promise<void> {
  await synced(folder, "r");
}

async function synced(path: string, flags: "r" | "r+"): Promise<void> {
  const fd = fs.openSync(path, flags);
  try {
    await result((done) => fs.fsync(fd, done));
  } finally {
    fs.closeSync(fd);
  }
}

function result(start: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}

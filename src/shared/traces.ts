/**
 * What sharing leaves in a directory: records of requests in the store, and the folder `shared` with the socket and the
 * epoch. They are there while a store is shared, and after its last owner crashed.
 *
 * The epoch is a random name. It changes when the records are lost: somebody opened the store without sharing it, or
 * restored a backup. A client then does not know whether its last writes are done.
 *
 * @module
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { Store } from "../api/store.ts";
import { randomName } from "../fs/random.ts";
import { process } from "../process.ts";
import { clientsWithRecords, RESERVED } from "./requests.ts";
import { folderOf, isUnnamedSocket, socketIn } from "./socket_path.ts";

const RECORDS = { gte: RESERVED, keyEncoding: "bytes" } as const;

const epochIn = (directory: string): string => `${folderOf(directory)}/epoch`;

/**
 * Begins to share: makes the folder, and removes the socket that an owner before left. Only the owner of the directory
 * may call it. Returns the epoch. Throws `RangeError` if the store has keys in the way, from before it was shared.
 */
export function beginSharing(store: Store, directory: string): string {
  const folder = folderOf(directory);
  if (!existsSync(folder) && store.countSync({ ...RECORDS, limit: 1 }) > 0) {
    throw new RangeError(
      `Cannot share '${directory}': it has keys that begin with 16 bytes ff, which shared stores use`,
    );
  }
  if (!existsSync(folder)) {
    mkdirSync(folder, { mode: 0o700 });
    // Before the first record: without the folder the next open would take records for keys of the user.
    syncDirectory(directory);
  }
  rmSync(socketIn(directory), { force: true });
  for (const name of readdirSync(folder).filter(isUnnamedSocket)) rmSync(`${folder}/${name}`, { force: true });
  const epoch = epochIn(directory);
  return existsSync(epoch) ? readFileSync(epoch, "utf8") : beginEpoch(directory);
}

function syncDirectory(directory: string): void {
  // Windows opens no directory.
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes all records, and begins an epoch. Returns it. */
export async function dropRecords(store: Store, directory: string): Promise<string> {
  const epoch = beginEpoch(directory);
  await store.deleteRange(RECORDS);
  return epoch;
}

/** Not synced: after a power cut there is no client that had an older one. */
function beginEpoch(directory: string): string {
  const epoch = randomName();
  writeFileSync(epochIn(directory), epoch);
  return epoch;
}

/** Removes what sharing left, unless a client may still send a write again. */
export async function endSharingIfDone(store: Store, directory: string): Promise<void> {
  if (clientsWithRecords(store).length === 0) await endSharing(store, directory);
}

/** Removes what sharing left. */
export async function endSharing(store: Store, directory: string): Promise<void> {
  // First the epoch: a client that comes back must not count on the records.
  rmSync(epochIn(directory), { force: true });
  await store.deleteRange(RECORDS);
  await store.flush();
  rmSync(folderOf(directory), { recursive: true, force: true });
}

/**
 * Where the owner of a shared store listens: the socket `shared/socket` in the directory of the store. The folder is
 * for its user alone.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import { type SocketWay, wayTo } from "../fs/lock_socket_path.ts";

const FOLDER = "shared";
const NAME = "socket";

/** The way to the socket of a store. */
export function wayToSocket(directory: string): SocketWay {
  const way = wayTo(folderOf(directory), NAME);
  if (way) return way;
  throw cannotShare(directory, new Error("the path of its socket is too long"));
}

/** The error if there can be no socket. */
export function cannotShare(directory: string, cause: Error): StoreError {
  return new StoreError("PATH_UNAVAILABLE", `Cannot share '${directory}': ${cause.message}`, { cause });
}

/** The folder of the socket. */
export function folderOf(directory: string): string {
  return `${directory}/${FOLDER}`;
}

/** The socket itself, whose path may be too long to listen there. */
export function socketIn(directory: string): string {
  return `${folderOf(directory)}/${NAME}`;
}

/**
 * Where the owner of a shared store listens: the socket `shared/socket` in the directory of the store. The folder is
 * for its user alone.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import { MOST_PATH_BYTES, type SocketWay, wayTo } from "../fs/lock_socket_path.ts";
import { randomName } from "../fs/random.ts";
import { process } from "../process.ts";

const FOLDER = "shared";
const NAME = "socket";
/** A socket until it gets its name. As long as that, so that its path is no longer. */
const UNNAMED = /^s-[0-9a-f]{4}$/;

/** The way to the socket of a store, or to another name in its folder. */
export function wayToSocket(directory: string, name: string = NAME): SocketWay {
  if (process.platform === "win32") {
    throw cannotShare(directory, new Error("on Windows no process can listen in a directory; open it without shared"));
  }
  const way = wayTo(folderOf(directory), name);
  if (way) return way;
  const what = `the path of its socket has more than ${MOST_PATH_BYTES} bytes, the most that ${process.platform} allows`;
  throw cannotShare(directory, new Error(what));
}

/** The error if there can be no socket. */
export function cannotShare(directory: string, cause: Error): StoreError {
  return new StoreError("PATH_UNAVAILABLE", `Cannot share '${directory}': ${cause.message}`, { cause });
}

/** The folder of the socket. */
export function folderOf(directory: string): string {
  return `${directory}/${FOLDER}`;
}

/** A name for a socket until it gets its own. */
export function unnamedSocket(): string {
  return `s-${randomName().slice(0, 4)}`;
}

/** Whether a socket has this name because its process ended before it got its own. */
export function isUnnamedSocket(name: string): boolean {
  return UNNAMED.test(name);
}

/** The socket itself, whose path may be too long to listen there. */
export function socketIn(directory: string): string {
  return `${folderOf(directory)}/${NAME}`;
}

/**
 * Connects to the socket in the directory of a store.
 *
 * @module
 */

import type { Socket } from "node:net";
import { errorCode } from "../fs/node_errors.ts";
import { cannotShare, wayToSocket } from "./socket_path.ts";

/** Nobody listens, or not now: then the lock decides, and the next attempt follows. */
const NOBODY: ReadonlySet<string> = new Set([
  ...["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"],
  ...["EAGAIN", "EINTR", "ETIMEDOUT", "EMFILE", "ENFILE", "ENOBUFS"],
]);

/** Connects to the owner of a store. `undefined` if nobody listens. */
export async function connectToOwner(directory: string): Promise<Socket | undefined> {
  const net = await import("node:net");
  const way = wayToSocket(directory);
  try {
    return await new Promise((resolve, reject) => {
      const socket = net.connect(way.path);
      socket.once("connect", () => {
        socket.removeAllListeners("error");
        resolve(socket);
      });
      socket.once("error", (error) => {
        const code = errorCode(error);
        if (code !== undefined && NOBODY.has(code)) resolve(undefined);
        else reject(error);
      });
    });
  } catch (cause) {
    throw cannotShare(directory, cause as Error);
  } finally {
    way.close();
  }
}

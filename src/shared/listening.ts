/**
 * Servers that begin to listen.
 *
 * @module
 */

import type { ListenOptions, Server } from "node:net";

/** Settles once the server listens. Rejects if it cannot. Later errors end nothing: those who wait connect later. */
export function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      // For example too many open files.
      server.on("error", () => {});
      resolve();
    });
  });
}

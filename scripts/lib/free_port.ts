/**
 * A port for a server that a script starts.
 *
 * @module
 */

import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Ports below those that systems give to outgoing connections, from 32,768 on Linux and 49,152 elsewhere. Such a
 * connection may take a port between the look and the start of the server, or while the server is down. A client that
 * tries to reach a port of that range again and again may even connect to itself.
 */
const FIRST = 12_000;
const LAST = 31_999;

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    // Rejects with an error of the server, such as EADDRINUSE.
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

/**
 * The path of an owner's socket.
 *
 * @module
 */

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { process } from "../process.ts";

/** The name of the socket in the directory. */
export const SOCKET_NAME = "luge.sock";
/** A temporary name of the same length, until the socket is renamed. A process that dies meanwhile leaves it behind. */
const LEFTOVER = /^luge\.[0-9a-f]{4}$/;

/** macOS accepts 103 bytes and a zero, Linux 107. Node 20 cuts a longer path silently. */
export const MOST_PATH_BYTES = 103;

/** Whether this is the name of a socket whose process died before the socket got its own name. */
export function isSocketLeftover(name: string): boolean {
  return name.startsWith("luge.") && LEFTOVER.test(name);
}

/** A path to a socket that is short enough. */
export interface SocketWay {
  /** The path for the calls that bind and connect. */
  readonly path: string;
  /** Must be called after these calls. */
  close(): void;
}

/** The path to a name in a directory. On Linux there is always one. */
export function wayTo(directory: string, name: string): SocketWay | undefined {
  const path = `${directory}/${name}`;
  if (fits(path)) return { path, close: () => {} };
  if (process.platform !== "linux" || !fs.existsSync("/proc/self/fd")) return undefined;
  const fd = fs.openSync(directory, "r");
  return { path: `/proc/self/fd/${fd}/${name}`, close: () => fs.closeSync(fd) };
}

/** A path outside of the directory, for a directory whose own path is too long. */
export function temporarySocket(nonce: string): string | undefined {
  const path = `${tmpdir()}/luge-${nonce.slice(0, 16)}.sock`;
  return fits(path) ? path : undefined;
}

function fits(path: string): boolean {
  return new TextEncoder().encode(path).length <= MOST_PATH_BYTES;
}

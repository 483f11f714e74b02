/**
 * The socket of an owner. A process that connects learns at once whether the owner is alive, because the kernel refuses
 * the connection to a dead one. This works from another container, too. The socket is in the directory, so that other
 * processes find it.
 *
 * @module
 */

import * as fs from "node:fs";
import { process } from "../process.ts";
import { SOCKET_NAME, type SocketWay, temporarySocket, wayTo } from "./lock_socket_path.ts";
import { errorCode } from "./node_errors.ts";
import { mayAsk } from "./process_identity.ts";
import { randomName } from "./random.ts";

/** A socket that the owner listens on. */
export interface LockSocket {
  /** The name in the lock's record. */
  readonly name: string;
  /** Stops listening. If `isOurs` is true, removes the socket from the directory. Touches no other socket. */
  close(isOurs: boolean): void;
}

/** The owner and the directory of a socket. */
export interface SocketPlace {
  readonly directory: string;
  readonly nonce: string;
  /** Whether this process still owns the directory; called before each change. */
  readonly held: () => boolean;
}

interface Server {
  close(): void;
}

/**
 * The message of an owner to each process that connects: the version of the protocol, and the nonce of its lock. The
 * owner ignores all input. The connection stays open until the other side or the owner ends it.
 */
export function greeting(nonce: string): string {
  return `luge 1 ${nonce}\n`;
}

/**
 * Starts to listen. `undefined` if that is impossible: on Windows, on file systems without sockets, without permission.
 * Never prompts on Deno, and does not keep the process alive.
 */
export async function listenInDirectory(place: SocketPlace): Promise<LockSocket | undefined> {
  if (process.platform === "win32") return undefined;
  try {
    return (await listenAtName(place)) ?? (await listenElsewhere(place));
  } catch {
    return undefined;
  }
}

/**
 * When the runtimes stop listening, they remove the name that they bound, some of them a little later, even if another
 * socket has that name by then. So this binds a unique name, and renames the socket.
 */
async function listenAtName(place: SocketPlace): Promise<LockSocket | undefined> {
  const { directory } = place;
  const path = `${directory}/${SOCKET_NAME}`;
  const bound = `luge.${randomName().slice(0, 4)}`;
  const way = wayTo(directory, mayListen(`${directory}/${bound}`) ? bound : SOCKET_NAME);
  if (!way || !mayListen(way.path)) {
    way?.close();
    return undefined;
  }
  try {
    const isFinal = way.path.endsWith(`/${SOCKET_NAME}`);
    if (!place.held()) return undefined;
    if (isFinal) removeSocket(path);
    const server = await listen(way, place.nonce);
    if (!place.held()) {
      server.close();
      return undefined;
    }
    if (!isFinal) fs.renameSync(`${directory}/${bound}`, path);
    const { ino } = fs.lstatSync(path, { bigint: true });
    return {
      name: SOCKET_NAME,
      close: (isOurs) => {
        if (isOurs && inodeAt(path) === ino) removeSocket(path);
        server.close();
      },
    };
  } finally {
    way.close();
  }
}

async function listenElsewhere(place: SocketPlace): Promise<LockSocket | undefined> {
  const path = temporarySocket(place.nonce);
  if (!path || wayFits(place.directory) || !mayListen(path)) return undefined;
  const server = await listen({ path, close: () => {} }, place.nonce);
  return { name: path, close: () => server.close() };
}

function wayFits(directory: string): boolean {
  const way = wayTo(directory, SOCKET_NAME);
  way?.close();
  return way !== undefined;
}

function mayListen(path: string): boolean {
  return mayAsk({ name: "net", host: `unix:${path}` });
}

function inodeAt(path: string): bigint | undefined {
  try {
    return fs.lstatSync(path, { bigint: true }).ino;
  } catch {
    return undefined;
  }
}

/** Removes a name only if it is a socket. Anything else with that name was created by somebody else. */
function removeSocket(path: string): void {
  try {
    if (fs.lstatSync(path).isSocket()) fs.unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

function listen(way: SocketWay, nonce: string): Promise<Server> {
  const words = greeting(nonce);
  return listenWithBun(way.path, words) ?? listenWithDeno(way.path, words) ?? listenWithNode(way.path, words);
}

interface BunSocket {
  write(text: string): void;
}

interface BunApi {
  listen(options: {
    readonly unix: string;
    readonly socket: { open(socket: BunSocket): void; data(): void; error(): void };
  }): { stop(closeAll: boolean): void; unref(): void };
}

/** Uses Bun's own API: loading its `node:net` takes about 6 ms. */
function listenWithBun(path: string, words: string): Promise<Server> | undefined {
  const bun = (globalThis as { Bun?: BunApi }).Bun;
  if (!bun?.listen) return undefined;
  const listener = bun.listen({
    unix: path,
    socket: { open: (socket) => socket.write(words), data: () => {}, error: () => {} },
  });
  listener.unref();
  return Promise.resolve({ close: () => listener.stop(true) });
}

interface DenoConnection {
  write(bytes: Uint8Array): Promise<number>;
  read(bytes: Uint8Array): Promise<number | null>;
  unref(): void;
  close(): void;
}

interface DenoListener extends AsyncIterable<DenoConnection> {
  close(): void;
  unref(): void;
}

interface DenoApi {
  listen?(options: { readonly transport: "unix"; readonly path: string }): DenoListener;
}

/** Uses Deno's own API: loading its `node:net` takes about 4 ms. */
function listenWithDeno(path: string, words: string): Promise<Server> | undefined {
  const deno = (globalThis as { Deno?: DenoApi }).Deno;
  if (!deno?.listen) return undefined;
  const listener = deno.listen({ transport: "unix", path });
  listener.unref();
  greetAll(listener, new TextEncoder().encode(words)).catch(() => {});
  return Promise.resolve({ close: () => listener.close() });
}

async function greetAll(listener: DenoListener, words: Uint8Array): Promise<void> {
  for await (const connection of listener) greet(connection, words).catch(() => {});
}

async function greet(connection: DenoConnection, words: Uint8Array): Promise<void> {
  connection.unref();
  try {
    await connection.write(words);
    const ignored = new Uint8Array(64);
    while ((await connection.read(ignored)) !== null);
  } finally {
    connection.close();
  }
}

async function listenWithNode(path: string, words: string): Promise<Server> {
  const { createServer } = await import("node:net");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.unref();
    socket.resume();
    socket.write(words);
  });
  server.unref();
  return await new Promise((resolve, reject) => {
    server.once("error", reject);
    // Exclusive: in a cluster the primary process would listen instead, which outlives the owner.
    server.listen({ path, exclusive: true }, () => {
      server.removeAllListeners("error");
      server.on("error", () => {});
      resolve({ close: () => server.close() });
    });
  });
}

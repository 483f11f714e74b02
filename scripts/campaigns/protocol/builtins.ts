/**
 * Puts simulated sockets and files in the place of Node's, for the paths of a simulation. So everything of a shared
 * store runs as it is: joining, listening, links, the traces in the directory. Everything else, such as the loading of
 * modules, still gets Node's.
 *
 * @module
 */

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import type { FileSystem } from "../../../src/api/file_system.ts";
import { fileSystemError } from "../../../src/fs/filesystem.ts";
import { Takeover } from "../../../src/shared/takeover.ts";
import { removeAll } from "../../../src/store_directory.ts";
import type { Random } from "../../lib/random.ts";
import type { Identity } from "./process.ts";
import type { SimulatedServer, SimulatedSocket } from "./sockets.ts";

/** What is simulated. */
export interface Simulated {
  /** Whether a path belongs to the simulation. */
  has(path: string): boolean;
  /** The disk as the process of a path sees it. */
  diskAt(path: string): FileSystem;
  /** What tells the directory of a process from others. */
  identityOf(path: string): Identity;
  connect(path: string): SimulatedSocket;
  createServer(accept: (socket: SimulatedSocket) => void): SimulatedServer;
  readonly random: Random;
}

const RANDOM_DEVICE = "/dev/urandom";
/** The descriptor of that device. Those of directories come below it. */
const DEVICE = -1;

/** Returns a function that puts Node's own back. */
export function replaceBuiltins(simulated: Simulated): () => void {
  const { existsSync, mkdirSync, readFileSync, writeFileSync, rmSync, openSync, closeSync, fsyncSync, readSync } = fs;
  const { statSync, readdirSync, renameSync } = fs;
  const own = {
    ...{ existsSync, mkdirSync, readFileSync, writeFileSync, rmSync, openSync, closeSync, fsyncSync, readSync },
    ...{ statSync, readdirSync, renameSync },
  };
  const { look, lookAtOwner } = Takeover.prototype;
  const connect = net.connect as (path: string) => unknown;
  const { createServer } = net;
  const { random } = Math;
  const directories: string[] = [];
  const isOurs = (path: unknown): path is string => typeof path === "string" && simulated.has(path);
  const simulatedFs = {
    existsSync: (path: string) => simulated.diskAt(path).stat(path) !== undefined,
    mkdirSync: (path: string) => simulated.diskAt(path).makeDirectory(path),
    readFileSync: (path: string) => {
      const file = simulated.diskAt(path).open(path, {});
      const bytes = new Uint8Array(file.size());
      file.read(bytes, 0);
      file.close();
      return new TextDecoder().decode(bytes);
    },
    writeFileSync: (path: string, text: string) => {
      const file = simulated.diskAt(path).open(path, { write: true, create: true, truncate: true });
      file.write(new TextEncoder().encode(text), 0);
      file.close();
    },
    rmSync: (path: string, { force }: { force?: boolean } = {}) => {
      const disk = simulated.diskAt(path);
      const stat = disk.stat(path);
      if (stat?.kind === "directory") removeAll(disk, path);
      else if (stat) disk.remove(path);
      else if (!force) throw fileSystemError("ENOENT", "rm", path);
    },
    statSync: (path: string) => simulated.identityOf(path),
    readdirSync: (path: string) =>
      simulated
        .diskAt(path)
        .list(path)
        .map(({ name }) => name),
    renameSync: (from: string, to: string) => simulated.diskAt(from).rename(from, to),
    openSync: (path: string) => DEVICE - directories.push(path),
  };
  for (const [name, replacement] of Object.entries(simulatedFs)) {
    const original = own[name as "existsSync"] as (...values: unknown[]) => unknown;
    const call = (path: unknown, ...rest: unknown[]) =>
      isOurs(path) ? (replacement as (...values: unknown[]) => unknown)(path, ...rest) : original(path, ...rest);
    Object.assign(fs, { [name]: call });
  }
  const open = fs.openSync as (...values: unknown[]) => number;
  Object.assign(fs, {
    openSync: (path: unknown, ...rest: unknown[]) => (path === RANDOM_DEVICE ? DEVICE : open(path, ...rest)),
    closeSync: (descriptor: number) => {
      if (descriptor >= 0) closeSync(descriptor);
    },
    fsyncSync: (descriptor: number) => {
      const path = directories[DEVICE - descriptor - 1];
      if (path === undefined) fsyncSync(descriptor);
      else simulated.diskAt(path).syncDirectory(path);
    },
    readSync: (descriptor: number, bytes: Uint8Array, ...rest: []) => {
      if (descriptor !== DEVICE) return readSync(descriptor, bytes, ...rest);
      bytes.set(simulated.random.bytes(bytes.length));
      return bytes.length;
    },
  });
  Object.assign(net, {
    connect: (path: string) => (isOurs(path) ? simulated.connect(path) : connect(path)),
    // No other server is made meanwhile.
    createServer: (accept: (socket: SimulatedSocket) => void) => simulated.createServer(accept),
  });
  // No process is stopped by the system, and the lock of the simulation is no file.
  Object.assign(Takeover.prototype, { look: async () => false, lookAtOwner: async () => {} });
  Math.random = () => simulated.random.below(2 ** 30) / 2 ** 30;
  syncBuiltinESMExports();
  return () => {
    Object.assign(fs, own);
    Object.assign(Takeover.prototype, { look, lookAtOwner });
    Object.assign(net, { connect, createServer });
    Math.random = random;
    syncBuiltinESMExports();
  };
}

/**
 * A machine with processes that share a store: its disk, its connections, and who has the directory.
 *
 * @module
 */

import type { Random } from "../../lib/random.ts";
import { diskAfter, pendingChanges, sampledState, smallStates } from "../simulate/crash_states.ts";
import { SimulatedDisk } from "../simulate/disk.ts";
import type { EnginePool } from "../simulate/engine_pool.ts";
import type { Simulated } from "./builtins.ts";
import { type Control, changeOfBytes } from "./controls.ts";
import { type Identity, type Machine, Process, processOf } from "./process.ts";
import { type Harbour, type Place, SimulatedServer, SimulatedSocket } from "./sockets.ts";

/** How many bytes the kernel takes on a connection: nothing, little, and as Linux does. */
const KERNEL_BYTES = [0, 1000, 200_000] as const;

/** See the module. */
export class World implements Simulated, Harbour, Machine {
  readonly random: Random;
  readonly control: Control;
  disk: SimulatedDisk = new SimulatedDisk();
  /** Who has the directory. */
  owner: Process | undefined;
  readonly processes: Process[] = [];
  readonly #pool: EnginePool;
  #sockets: SimulatedSocket[] = [];
  #servers: SimulatedServer[] = [];
  #listening: SimulatedServer | undefined;
  readonly #dying: Process[] = [];
  readonly #kernelBytes: number;
  /** How often the machine crashed. */
  crashes = 0;

  constructor(random: Random, pool: EnginePool, control: Control) {
    this.random = random;
    this.control = control;
    this.#pool = pool;
    pool.started = (lease) => this.owner?.hold(lease);
    this.#kernelBytes = random.pick(KERNEL_BYTES);
  }

  /** Starts a process. */
  start(): Process {
    const process = new Process(this, this.#pool, this.processes.length);
    this.processes.push(process);
    return process;
  }

  /** The end of a process, without a word. What it wrote to the disk is there. */
  kill(process: Process): void {
    if (process.isDead) return;
    process.isDead = true;
    this.#dying.push(process);
    this.release(process);
    for (const place of [...this.#sockets, ...this.#servers]) {
      if (place.process === process.id) place.cut(this.random);
    }
    if (this.#listening?.process === process.id) this.#listening = undefined;
  }

  /** The end of the machine: all processes, and some of what is not synced. */
  crash(): void {
    this.crashes += 1;
    for (const process of this.processes) this.kill(process);
    const capture = this.disk.capture();
    const changes = pendingChanges(capture);
    const state = this.random.pick([...smallStates(changes), sampledState(changes, this.random)]);
    this.disk = diskAfter(capture, state);
  }

  /** The directory is free. No sync that a dead process waits for comes. */
  release(process: Process): void {
    if (this.owner !== process) return;
    this.owner = undefined;
    process.forgetLock();
    if (process.isDead) this.disk.forgetSyncs();
  }

  /** Whether a process has a connection that works. */
  isLinked(process: Process): boolean {
    return this.#links(process).length > 0;
  }

  /** Breaks a connection, of this process or of any. Returns whether there was one. */
  breakLink(process?: Process): boolean {
    const links = this.#links(process);
    if (links.length === 0) return false;
    this.random.pick(links).break(this.random);
    return true;
  }

  #links(process?: Process): SimulatedSocket[] {
    return this.#sockets.filter((socket) => socket.isConnected && (!process || socket.process === process.id));
  }

  /** The connections and servers where something can happen. */
  ready(): Place[] {
    const places: Place[] = [...this.#sockets, ...this.#servers];
    return places.filter(({ process, isReady }) => {
      const at = this.processes[process];
      return isReady && at && !at.isDead && !at.isFrozen;
    });
  }

  /** What is behind the end of each process that died. */
  reap(): void {
    for (const process of this.#dying.splice(0)) process.reap();
    const isAlive = ({ process }: Place) => this.processes[process]?.isDead === false;
    this.#sockets = this.#sockets.filter((socket) => isAlive(socket) && !socket.hasClosed);
    this.#servers = this.#servers.filter(isAlive);
  }

  has(path: string): boolean {
    return processOf(path) !== undefined;
  }

  diskAt(path: string): Process["disk"] {
    return this.#at(path).disk;
  }

  identityOf(path: string): Identity {
    return this.#at(path).identity;
  }

  connect(path: string): SimulatedSocket {
    const process = this.#at(path);
    // A process that is dead waits for ever.
    if (process.isDead) return new SimulatedSocket(process.id, 0);
    if (!process.disk.stat(path)) return this.#opened(SimulatedSocket.refused(process.id, "ENOENT"));
    const server = this.#listening;
    if (!server) return this.#opened(SimulatedSocket.refused(process.id, "ECONNREFUSED"));
    const [own, other] = SimulatedSocket.pair(process.id, server.process, this.#kernelBytes);
    const { toOwner, toClient } = this.control;
    if (toOwner) own.change = changeOfBytes(toOwner);
    if (toClient) other.change = changeOfBytes(toClient);
    server.connect(this.#opened(other));
    return this.#opened(own);
  }

  createServer(accept: (socket: SimulatedSocket) => void): SimulatedServer {
    return new SimulatedServer(this, accept);
  }

  bind(path: string, server: SimulatedServer): number {
    const process = this.#at(path);
    process.disk.open(path, { write: true, create: true, exclusive: true }).close();
    this.#listening = server;
    this.#servers.push(server);
    return process.id;
  }

  /** The name that it bound has another one by now, which stays, as with Node. */
  unbind(server: SimulatedServer): void {
    if (this.#listening === server) this.#listening = undefined;
  }

  #at(path: string): Process {
    return this.processes[processOf(path) ?? -1] as Process;
  }

  #opened(socket: SimulatedSocket): SimulatedSocket {
    this.#sockets.push(socket);
    return socket;
  }
}

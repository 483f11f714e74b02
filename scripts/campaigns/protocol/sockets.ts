/**
 * Sockets and servers of a simulation, with the part of Node's interface that shared stores use. Nothing happens by
 * itself: each side of a connection has at most one next event, and the simulation says when that comes.
 *
 * @module
 */

import { EventEmitter } from "node:events";
import type { Random } from "../../lib/random.ts";

/** As Node: from here on `write` asks its caller to wait for "drain". */
const HIGH_WATER_MARK = 64 * 1024;

/** What the simulation can let happen at one place. */
export interface Place {
  /** The process that it happens to. */
  readonly process: number;
  /** Whether something can happen. */
  readonly isReady: boolean;
  /** Lets it happen. */
  happen(random: Random): void;
}

function ended(code: string, what: string): Error {
  return Object.assign(new Error(`${what} ${code}`), { code });
}

/** One side of a connection. */
export class SimulatedSocket extends EventEmitter implements Place {
  readonly process: number;
  /** What the connecting side waits for: the connection, or an error. */
  #outcome: "connect" | { readonly code: string } | undefined;
  #other: SimulatedSocket | undefined;
  /** How many bytes the kernel takes for the other side. The rest stays with the sender. */
  readonly #kernelBytes: number;
  /** What the other side has sent. */
  #arriving: Uint8Array[] = [];
  #end: "end" | "reset" | undefined;
  #isPaused = false;
  #needsDrain = false;
  #hasEnded = false;
  #hasSeenEnd = false;
  #isDestroyed = false;
  #hasClosed = false;
  /** Whether a server has not left it waiting. */
  isAccepted = true;
  /** Changes what is sent: a control. */
  change: ((bytes: Uint8Array) => Uint8Array) | undefined;
  /** Called at the end. */
  closed: () => void = () => {};

  constructor(process: number, kernelBytes: number) {
    super();
    this.process = process;
    this.#kernelBytes = kernelBytes;
  }

  /** The two sides of a new connection. The connecting one learns of it later. */
  static pair(client: number, server: number, kernelBytes: number): [SimulatedSocket, SimulatedSocket] {
    const [own, other] = [new SimulatedSocket(client, kernelBytes), new SimulatedSocket(server, kernelBytes)];
    own.#other = other;
    other.#other = own;
    own.#outcome = "connect";
    other.isAccepted = false;
    return [own, other];
  }

  /** A side that cannot connect. */
  static refused(client: number, code: string): SimulatedSocket {
    const socket = new SimulatedSocket(client, 0);
    socket.#outcome = { code };
    return socket;
  }

  get writableLength(): number {
    const waiting = this.#other?.arrivingBytes ?? 0;
    return Math.max(0, waiting - this.#kernelBytes);
  }

  /** Whether something may still be lost on the way. */
  get isConnected(): boolean {
    return this.#other !== undefined && !this.#isDestroyed && !this.#hasClosed && this.#end === undefined;
  }

  /** Whether nothing happens any more. */
  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /** How many bytes wait for this side. */
  get arrivingBytes(): number {
    return this.#arriving.reduce((sum, { length }) => sum + length, 0);
  }

  get isReady(): boolean {
    if (this.#hasClosed || !this.isAccepted) return false;
    if (this.#outcome) return true;
    if (this.#isDestroyed || (this.#hasSeenEnd && this.#hasEnded) || this.#end === "reset") return true;
    if (this.#isPaused || this.listenerCount("data") === 0 || this.#hasSeenEnd) return false;
    return this.#arriving.length > 0 || this.#end === "end";
  }

  happen(random: Random): void {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    if (this.#isDestroyed) this.#close();
    else if (outcome === "connect") this.emit("connect");
    else if (outcome) this.#fail(ended(outcome.code, "connect"));
    else if (this.#end === "reset") this.#fail(ended("ECONNRESET", "read"));
    else if (this.#hasSeenEnd) this.#close();
    else if (this.#arriving.length > 0) this.#deliver(random);
    else {
      this.#hasSeenEnd = true;
      this.emit("end");
      // As Node does without `allowHalfOpen`.
      this.end();
    }
  }

  write(given: Uint8Array): boolean {
    if (this.#hasEnded || this.#isDestroyed) return false;
    // The sender may use the memory again only after the bytes are sent. Then they are copied anyway.
    const bytes = (this.change?.(given) ?? given).slice();
    this.#other?.take(bytes);
    this.#needsDrain ||= this.writableLength >= HIGH_WATER_MARK;
    return !this.#needsDrain;
  }

  /** Takes bytes of the other side. */
  take(bytes: Uint8Array): void {
    // Also after a break: the other side has not noticed it yet.
    if (!this.#isDestroyed && this.#end === undefined) this.#arriving.push(bytes);
  }

  end(): void {
    if (this.#hasEnded || this.#isDestroyed) return;
    this.#hasEnded = true;
    this.#other?.otherEnds("end");
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#arriving = [];
    this.#other?.otherEnds("end");
  }

  /** The process of this side is gone. Of what it sent, only a beginning may arrive. */
  cut(random: Random): void {
    this.destroy();
    this.#other?.loseSome(random);
  }

  /** The connection breaks. Of what was sent in either direction, only a beginning may arrive. */
  break(random: Random): void {
    for (const side of [this, this.#other]) {
      side?.otherEnds("end");
      side?.loseSome(random);
    }
  }

  /** Of what the other side sent, only a beginning arrives, or nothing. */
  loseSome(random: Random): void {
    if (random.below(2) === 0) return;
    const all = Buffer.concat(this.#arriving).subarray(0, random.below(this.arrivingBytes + 1));
    this.#arriving = all.length === 0 ? [] : [new Uint8Array(all)];
    if (random.below(2) === 0) this.otherEnds("reset");
  }

  /** Nothing comes from the other side any more. */
  otherEnds(how: "end" | "reset"): void {
    if (this.#end !== "reset") this.#end = how;
    if (how === "reset") this.#arriving = [];
  }

  pause(): this {
    this.#isPaused = true;
    return this;
  }

  resume(): this {
    this.#isPaused = false;
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** Whole messages, several at once, or pieces of them. */
  #deliver(random: Random): void {
    const all = Buffer.concat(this.#arriving);
    const first = this.#arriving[0]?.length ?? 0;
    const count = random.pick([first, first, all.length, 1 + random.below(first), 1 + random.below(all.length)]);
    this.#arriving = count === all.length ? [] : [new Uint8Array(all.subarray(count))];
    this.emit("data", new Uint8Array(all.subarray(0, count)));
    this.#other?.drainIfDone();
  }

  /** Tells the sender that nothing of it waits any more. */
  drainIfDone(): void {
    if (!this.#needsDrain || this.writableLength > 0 || this.#isDestroyed) return;
    this.#needsDrain = false;
    this.emit("drain");
  }

  #fail(error: Error): void {
    this.#other?.otherEnds("end");
    this.#isDestroyed = true;
    this.emit("error", error);
    this.#close();
  }

  #close(): void {
    this.#hasClosed = true;
    this.#other?.otherEnds("end");
    this.emit("close");
    this.closed();
  }
}

/** Where servers listen. */
export interface Harbour {
  /** Begins to listen. Throws if the name is taken. Returns the process. */
  bind(path: string, server: SimulatedServer): number;
  /** Removes the name. */
  unbind(server: SimulatedServer): void;
}

/** A server. */
export class SimulatedServer extends EventEmitter implements Place {
  readonly #harbour: Harbour;
  readonly #accept: (socket: SimulatedSocket) => void;
  readonly #waiting: SimulatedSocket[] = [];
  #listening: (() => void) | undefined;
  #closed: (() => void) | undefined;
  #isClosing = false;
  #connections = 0;
  process: number = -1;
  maxConnections: number = Number.POSITIVE_INFINITY;

  constructor(harbour: Harbour, accept: (socket: SimulatedSocket) => void) {
    super();
    this.#harbour = harbour;
    this.#accept = accept;
  }

  get isReady(): boolean {
    if (this.#listening || this.#waiting.length > 0) return true;
    return this.#closed !== undefined && this.#connections === 0;
  }

  listen({ path }: { readonly path: string }, listening: () => void): this {
    this.process = this.#harbour.bind(path, this);
    this.#listening = listening;
    return this;
  }

  close(closed: () => void = () => {}): this {
    if (!this.#isClosing) this.#harbour.unbind(this);
    this.#isClosing = true;
    for (const socket of this.#waiting.splice(0)) {
      socket.isAccepted = true;
      socket.destroy();
    }
    this.#closed = closed;
    return this;
  }

  unref(): this {
    return this;
  }

  /** Takes a connection. It is accepted later. */
  connect(socket: SimulatedSocket): void {
    this.#waiting.push(socket);
  }

  /** The process is gone. */
  cut(random: Random): void {
    for (const socket of this.#waiting.splice(0)) socket.cut(random);
  }

  happen(): void {
    if (this.#listening) {
      const listening = this.#listening;
      this.#listening = undefined;
      listening();
      return;
    }
    const socket = this.#waiting.shift();
    if (socket) {
      this.#connections += 1;
      const { closed } = socket;
      socket.closed = () => {
        this.#connections -= 1;
        closed();
      };
      socket.isAccepted = true;
      this.#accept(socket);
      return;
    }
    const closed = this.#closed;
    this.#closed = undefined;
    closed?.();
  }
}

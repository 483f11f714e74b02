/**
 * The way to a store on another machine, through a gateway there.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { StoreErrorCode } from "../api/errors.ts";
import { clearInterval, clearTimeout, clock, setInterval, setTimeout } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { randomName } from "../fs/random.ts";
import { onAbort } from "../promises.ts";
import type { Client } from "./client.ts";
import { encodeFrame, Kind, type Message } from "./frame.ts";
import { type Greeted, greet } from "./greeting.ts";
import type { Link, Receiver } from "./link.ts";
import type { Joined } from "./open_call.ts";
import type { Place } from "./place.ts";
import type { RemoteConfig } from "./remote_options.ts";

/** The pauses between two attempts: the first one and the longest one. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2000;
/**
 * A client looks as often whether bytes came, in milliseconds. If none did, it asks for the version of the store. If none
 * came after three more looks, the other machine is not there any more, although nothing ended the connection.
 */
const LOOK_MS = 20_000;
const MOST_SILENT_LOOKS = 4;
/** No call has this id. */
const QUESTION: Message = { kind: Kind.CALL, id: 0, body: { method: "version", args: [] } };

/** Another attempt would end in the same way. */
const FINAL: ReadonlySet<string> = new Set(["ACCESS_DENIED", "PROTOCOL_UNSUPPORTED"]);

/** See the module. */
export class RemotePlace implements Place {
  readonly path: string;
  readonly logger = undefined;
  readonly #config: RemoteConfig;
  readonly #name: string = randomName();
  readonly #stop = new AbortController();
  #wasIn = false;
  /** Keeps the process alive while calls wait for a connection: sockets and timers do not. */
  #alive: ReturnType<typeof setInterval> | undefined;
  #isJoining = false;
  #isBusy = false;

  constructor(config: RemoteConfig) {
    this.#config = config;
    this.path = config.address.shown;
  }

  async join(receiver: Receiver, client: Client): Promise<Joined> {
    const { signal } = this.#config;
    const isFirst = !this.#wasIn;
    client.busyChanged = (isBusy) => {
      this.#isBusy = isBusy;
      this.#keepAlive();
    };
    if (isFirst) signal?.throwIfAborted();
    const release = onAbort(isFirst ? signal : undefined, () => this.#stop.abort(signal?.reason));
    this.#isJoining = true;
    this.#keepAlive();
    try {
      const greeted = await this.#joined(receiver, client);
      this.#wasIn = true;
      return { ...greeted, local: undefined };
    } finally {
      release();
      this.#isJoining = false;
      this.#keepAlive();
    }
  }

  leave(): void {
    this.#stop.abort(new StoreError("STORE_CLOSED", "Cannot join: the store is closed"));
  }

  async end(): Promise<void> {}

  /** Tries until somebody answers. The first attempts, and those of a store that is being closed, have a time limit. */
  async #joined(receiver: Receiver, client: Client): Promise<Greeted> {
    const { connectTimeout } = this.#config;
    let sinceMs = this.#wasIn ? undefined : clock.monotonic();
    let cause: unknown;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      this.#stop.signal.throwIfAborted();
      if (client.isClosing) sinceMs ??= clock.monotonic();
      const leftMs = sinceMs === undefined ? connectTimeout : connectTimeout - (clock.monotonic() - sinceMs);
      if (leftMs <= 0) throw this.#unreachable(cause);
      try {
        const greeted = await this.#attempt(receiver, leftMs);
        if (greeted) return greeted;
      } catch (error) {
        cause = error;
        if (error instanceof StoreError && FINAL.has(error.code)) throw this.#error(error.code, error);
        // Nobody listens there, or it is not luge. A gateway that is full, or without an owner now, is tried again.
        if (!this.#wasIn && !(error instanceof StoreError)) throw this.#unreachable(error);
      }
      this.#stop.signal.throwIfAborted();
      await this.#pause(pauseMs * (0.5 + Math.random()));
    }
  }

  /** `undefined` if the other side is there, but does not answer. */
  async #attempt(receiver: Receiver, ms: number): Promise<Greeted | undefined> {
    const { token, syncWrites } = this.#config;
    const socket = await this.#socket();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      socket.destroy();
    }, ms);
    timer.unref();
    const release = onAbort(this.#stop.signal, () => socket.destroy());
    if (this.#stop.signal.aborted) socket.destroy();
    try {
      await connected(socket, this.#config.address.isEncrypted ? "secureConnect" : "connect");
      const greeted = await greet(socket, { client: this.#name, durable: syncWrites, token }, receiver);
      if (greeted) endWhenSilent(socket, greeted.link);
      return greeted;
    } catch (error) {
      if (this.#stop.signal.aborted || isLate) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  /** A socket that connects. The name of the host is looked up each time. */
  async #socket(): Promise<Socket> {
    const { ca, address } = this.#config;
    const { host, port, isEncrypted } = address;
    const net = await import("node:net");
    let socket: Socket;
    if (isEncrypted) {
      const { connect } = await import("node:tls");
      const name = net.isIP(host) === 0 ? { servername: host } : {};
      socket = connect({ host, port, ...name, ...(ca ? { ca: [...ca] } : {}) });
    } else socket = net.connect({ host, port });
    // Those who wait for the socket look at its errors. Without a listener a late one would end the process.
    socket.on("error", () => {});
    socket.unref();
    return socket;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        release();
        resolve();
      }, ms);
      timer.unref();
      const release = onAbort(this.#stop.signal, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** `open` waits for the first connection, and calls for later ones. */
  #keepAlive(): void {
    const isNeeded = this.#isJoining && (this.#isBusy || !this.#wasIn);
    if (!isNeeded) {
      clearInterval(this.#alive);
      this.#alive = undefined;
    } else this.#alive ??= setInterval(() => {}, 60_000);
  }

  #unreachable(cause: unknown): StoreError {
    return this.#error("STORE_UNREACHABLE", cause ?? new Error(`no answer within ${this.#config.connectTimeout} ms`));
  }

  #error(code: StoreErrorCode, cause: unknown): StoreError {
    return new StoreError(code, `Cannot open '${this.path}': ${textOf(cause)}`, { cause });
  }
}

function connected(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("the other side ended the connection"));
    socket.once("error", reject);
    socket.once("close", ended);
    socket.once(event, () => {
      socket.off("error", reject);
      socket.off("close", ended);
      resolve();
    });
  });
}

/** Ends a connection whose other side has disappeared. */
function endWhenSilent(socket: Socket, link: Link): void {
  let [looks, read] = [0, 0];
  const timer = setInterval(() => {
    // While bytes wait here, a question would wait behind them. The operating system gives up then.
    const isThere = socket.bytesRead !== read || link.queuedBytes > 0;
    [looks, read] = [isThere ? 0 : looks + 1, socket.bytesRead];
    if (looks === 1) link.send(encodeFrame(QUESTION));
    if (looks >= MOST_SILENT_LOOKS) link.destroy();
  }, LOOK_MS);
  timer.unref();
  socket.once("close", () => clearInterval(timer));
}

/** A host with many addresses has an error for each. */
function textOf(error: unknown): string {
  const { message, errors = [] } = error as Partial<AggregateError>;
  return message || errors.map((each) => (each as Error).message).join("; ");
}

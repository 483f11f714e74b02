/**
 * A gateway: lets clients on other machines reach the owner of a store. It checks the token of a newcomer. Then it passes
 * bytes between the newcomer and the socket in the directory, and does not look at them. So any process that shares the
 * store can be one, and the owner knows nothing of networks.
 *
 * @module
 */

import type { AddressInfo, Server, Socket } from "node:net";
import type { ListenOptions, StoreListener } from "../api/shared_store.ts";
import { plainView } from "../bytes.ts";
import { clearTimeout, clock, setTimeout, sleep } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { tokenCheck } from "../listening.ts";
import { addressText } from "./address.ts";
import { FrameReader } from "./frame.ts";
import { HELLO_MS, type Hello, helloFrame, helloOf, refusalFrame } from "./greeting.ts";
import { type ListenConfig, listenConfig } from "./listen_options.ts";
import { listening } from "./listening.ts";
import { Refusals } from "./refusals.ts";
import { connectToOwner } from "./socket_connect.ts";

/** How many clients may be connected. */
const MOST_CLIENTS = 1024;
/** How many more may be about to say who they are. The one that came first makes room. */
const MOST_NEWCOMERS = 256;
/** How large HELLO may be. */
const MOST_HELLO_BYTES = 4096;
/** How long a gateway looks for the owner of the store, in milliseconds. Another process may be becoming it. */
const OWNER_MS = 5000;
const PAUSE_MS = 20;
/** How long one side may take to read what was left when the other side ended, in milliseconds. */
const GOODBYE_MS = 5000;
/** After this time without a byte the operating system asks whether the other machine is still there. */
const KEEP_ALIVE_MS = 15_000;

/** See the module. */
export class Gateway implements StoreListener {
  readonly host: string;
  /** Settles once it is closed. */
  readonly closed: Promise<void>;
  readonly #directory: string;
  readonly #server: Server;
  readonly #isEncrypted: boolean;
  readonly #isRight: (token: unknown) => boolean;
  readonly #refusals: Refusals;
  #port = 0;
  /** All connections, on both sides. */
  readonly #sockets: Set<Socket> = new Set();
  readonly #newcomers: Set<Socket> = new Set();
  #clients = 0;
  #isClosed = false;

  private constructor(directory: string, server: Server, { host, tls, isRight, warn }: GatewayParts) {
    this.#directory = directory;
    this.#server = server;
    this.host = host;
    this.#isEncrypted = tls !== undefined;
    this.#isRight = isRight;
    this.#refusals = new Refusals(warn);
    this.closed = new Promise((resolve) => server.once("close", () => resolve()));
  }

  /**
   * Begins to listen for clients of the store in a directory. `warn` logs a line. Rejects as
   * {@linkcode SharedStore.listen} does.
   */
  static async listen(directory: string, options: ListenOptions, warn: GatewayParts["warn"]): Promise<Gateway> {
    const config = listenConfig(options);
    const { host, port, token, tls } = config;
    const server = await serverOf(tls);
    const gateway = new Gateway(directory, server, { ...config, isRight: await tokenCheck(token), warn });
    server.maxConnections = MOST_CLIENTS + MOST_NEWCOMERS;
    server.on(tls ? "secureConnection" : "connection", (socket: Socket) => gateway.#accept(socket));
    try {
      await listening(server, { host, port });
    } catch (cause) {
      const text = `Cannot listen on ${addressText({ host, port, isEncrypted: tls !== undefined })}`;
      throw new StoreError("ADDRESS_UNAVAILABLE", `${text}: ${(cause as Error).message}`, { cause });
    }
    gateway.#port = (server.address() as AddressInfo).port;
    return gateway;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return addressText({ host: this.host, port: this.port, isEncrypted: this.#isEncrypted });
  }

  /** How many bytes wait in this process for all who are connected. */
  get queuedBytes(): number {
    return [...this.#sockets].reduce((sum, { writableLength }) => sum + writableLength, 0);
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#server.close();
      // Calls without an answer are sent again, to the next gateway.
      for (const socket of this.#sockets) socket.destroy();
    }
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #accept(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    this.#keep(socket);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const [oldest] = this.#newcomers;
    if (this.#newcomers.size >= MOST_NEWCOMERS) oldest?.destroy();
    this.#newcomers.add(socket);
    const timer = setTimeout(() => socket.destroy(), HELLO_MS);
    const isKnown = () => {
      clearTimeout(timer);
      this.#newcomers.delete(socket);
    };
    socket.once("close", isKnown);
    const reader = new FrameReader(MOST_HELLO_BYTES);
    const take = (bytes: Uint8Array) => {
      try {
        const { value: message } = reader.read(plainView(bytes)).next();
        if (!message) return;
        isKnown();
        socket.pause();
        socket.off("data", take);
        const refuse = (error: StoreError) => this.#refuse(socket, error);
        this.#admit(socket, helloOf(message), reader.rest()).catch(refuse);
      } catch {
        // It is no client of luge.
        socket.destroy();
      }
    };
    socket.on("data", take);
  }

  /** Connects a newcomer to the owner. Rejects with a `StoreError` that tells the newcomer why not. */
  async #admit(socket: Socket, hello: Hello, rest: Uint8Array): Promise<void> {
    if (!this.#isRight(hello.token)) {
      this.#refusals.note(this.address, socket.remoteAddress);
      throw new StoreError("ACCESS_DENIED", "the token is wrong");
    }
    if (this.#clients >= MOST_CLIENTS) {
      throw new StoreError("STORE_BUSY", `the server has ${MOST_CLIENTS} clients, and takes no more`);
    }
    this.#clients += 1;
    socket.once("close", () => {
      this.#clients -= 1;
    });
    const owner = await this.#owner(socket);
    if (!owner) throw new StoreError("STORE_UNREACHABLE", "no process owns the store at the moment");
    this.#keep(owner);
    if (socket.destroyed) {
      owner.destroy();
      return;
    }
    owner.write(helloFrame({ ...hello, token: undefined }));
    if (rest.length > 0) owner.write(rest);
    pass(socket, owner);
    pass(owner, socket);
  }

  /** `undefined` if there is none, or the newcomer has left meanwhile. */
  async #owner(socket: Socket): Promise<Socket | undefined> {
    const startMs = clock.monotonic();
    while (!socket.destroyed && clock.monotonic() - startMs < OWNER_MS) {
      const owner = await connectToOwner(this.#directory);
      if (owner) return owner;
      await sleep(PAUSE_MS);
    }
    return undefined;
  }

  #refuse(socket: Socket, error: StoreError): void {
    socket.write(refusalFrame(error));
    socket.resume();
    endSoon(socket);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay?.(true);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
    if (this.#isClosed) socket.destroy();
  }
}

/** What a gateway is made with. */
interface GatewayParts extends Pick<ListenConfig, "tls"> {
  readonly host: string;
  readonly isRight: (token: unknown) => boolean;
  /** Logs a line. */
  readonly warn: (message: string) => void;
}

async function serverOf(tls: ListenConfig["tls"]): Promise<Server> {
  if (!tls) return (await import("node:net")).createServer();
  const { createServer } = await import("node:tls");
  try {
    return createServer({ ...tls, handshakeTimeout: HELLO_MS });
  } catch (cause) {
    throw new TypeError(`Wrong option 'tls': ${(cause as Error).message}`, { cause });
  }
}

/** Passes bytes on. While one side does not take them, the other one is not read. */
function pass(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("close", () => endSoon(to));
}

/** Ends a connection once the other side has taken what waits for it, or after a time. */
function endSoon(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), GOODBYE_MS);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
}

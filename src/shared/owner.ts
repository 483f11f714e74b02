/**
 * The owner of a shared store: listens for other processes, and does their calls.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { clearTimeout, setTimeout } from "../clock.ts";
import type { StoreError } from "../errors.ts";
import { Kind, type Message, MOST_FRAME_BYTES } from "./frame.ts";
import { helloOf, protocolFor, refusalFrame, welcomeFrame } from "./greeting.ts";
import type { Link, Receiver } from "./link.ts";
import { LocalLink, localLinks } from "./local_link.ts";
import type { OwnedStore } from "./owned_store.ts";
import { clientsWithRecords, Requests } from "./requests.ts";
import { Session } from "./session.ts";
import { SocketLink } from "./socket_link.ts";
import { cannotShare, wayToSocket } from "./socket_path.ts";
import { beginSharing, dropRecords, endSharingIfDone } from "./traces.ts";

/** How many clients may be connected. */
const MOST_CLIENTS = 1024;
/** How long a client may take to say who it is, in milliseconds. */
const HELLO_MS = 5000;
/** How long a client may take to end its side of the connection, in milliseconds. */
const GOODBYE_MS = 1000;
/** How long the records of a client are kept that is not connected and did not say goodbye, in milliseconds. */
const FORGET_MS = 60_000;

/** See the module. */
export class Owner {
  readonly store: OwnedStore;
  readonly #directory: string;
  readonly #links: Set<Link> = new Set();
  /** By client: its newest connection. */
  readonly #current: Map<string, Link> = new Map();
  /** By client: ends the wait until its records are forgotten. */
  readonly #leaving: Map<string, () => void> = new Map();
  /** The clients of this process: they send nothing again once it closes. */
  readonly #own: Set<string> = new Set();
  readonly #forgetting: Set<Promise<void>> = new Set();
  #epoch = "";
  #server: Server | undefined;
  #isClosing = false;

  private constructor(store: OwnedStore, directory: string) {
    this.store = store;
    this.#directory = directory;
  }

  /** Begins to listen. Rejects if that is not possible; the store stays open then. */
  static async listen(store: OwnedStore, directory: string): Promise<Owner> {
    const owner = new Owner(store, directory);
    await owner.#listen();
    return owner;
  }

  /** See traces.ts. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Whether records of a client were removed although it may send a write again. It learns that once. */
  hasLost(client: string): boolean {
    const wereLost = new Requests(this.store, client).wereLost();
    if (wereLost) this.#forget(client);
    return wereLost;
  }

  /** A link of this process itself, which may have been a client of the owner before. */
  connect(receiver: Receiver, client: string): Link {
    this.#own.add(client);
    this.#leaving.get(client)?.();
    const [own, other] = localLinks();
    own.receiver = receiver;
    const session = this.#session(other, client, undefined);
    other.receiver = { received: (message) => session.received(message), ended: () => session.end() };
    this.#links.add(other);
    return own;
  }

  /** Gives up a store that failed: the next owner opens it again, perhaps this process. Calls without an answer go there. */
  async #stepDown(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    for (const leave of this.#leaving.values()) leave();
    this.#server?.close();
    // What could not be closed is released all the same.
    await this.store.close().catch(() => {});
    for (const link of this.#links) link.end();
  }

  /** Ends all links, and stops listening. The next owner may begin once the store is closed. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const isAlone = [...this.#links].every((link) => link instanceof LocalLink);
    for (const leave of this.#leaving.values()) leave();
    const server = this.#server;
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    for (const link of this.#links) link.end();
    // A client that is stopped does not answer the end.
    const timer = setTimeout(() => {
      for (const link of this.#links) link.destroy();
    }, GOODBYE_MS);
    // Nobody is there to send a write again.
    for (const client of this.#own) this.#forget(client);
    await Promise.all(this.#forgetting);
    // What cannot be removed is removed later.
    if (isAlone) await endSharingIfDone(this.store, this.#directory).catch(() => {});
    await closed;
    clearTimeout(timer);
  }

  async #listen(): Promise<void> {
    const { createServer } = await import("node:net");
    this.#epoch = beginSharing(this.store, this.#directory);
    for (const client of clientsWithRecords(this.store)) this.#forgetLater(client);
    const way = wayToSocket(this.#directory);
    try {
      const server = createServer((socket) => this.#accept(socket));
      server.maxConnections = MOST_CLIENTS;
      server.unref();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ path: way.path, exclusive: true, backlog: MOST_CLIENTS }, () => {
          server.removeAllListeners("error");
          server.on("error", () => {});
          resolve();
        });
      });
      this.#server = server;
    } catch (cause) {
      throw cannotShare(this.#directory, cause as Error);
    } finally {
      way.close();
    }
  }

  #accept(socket: Socket): void {
    if (this.#isClosing) {
      socket.destroy();
      return;
    }
    socket.unref();
    let session: Session | undefined;
    let client = "";
    let hasLeft = false;
    const timer = setTimeout(() => link.destroy(), HELLO_MS);
    timer.unref();
    const received = (message: Message) => {
      if (session && this.#current.get(client) !== link) return;
      if (message.kind === Kind.END && message.id === 0) hasLeft = true;
      if (session) {
        session.received(message);
        return;
      }
      clearTimeout(timer);
      const hello = helloOf(message);
      let protocol: number;
      try {
        protocol = protocolFor(hello);
      } catch (error) {
        link.send(refusalFrame(error as StoreError));
        link.end();
        return;
      }
      client = hello.client;
      // What still comes over its last connection, it sends again over this one.
      this.#current.get(client)?.destroy();
      this.#current.set(client, link);
      this.#leaving.get(client)?.();
      session = this.#session(link, client, hello.durable);
      const wereLost = this.hasLost(client);
      link.send(welcomeFrame(protocol, { version: this.store.version, epoch: this.#epoch, wereLost }));
    };
    const ended = () => {
      clearTimeout(timer);
      this.#links.delete(link);
      session?.end();
      if (client === "" || this.#current.get(client) !== link) return;
      this.#current.delete(client);
      if (hasLeft) this.#forget(client);
      else if (!this.#isClosing) this.#forgetLater(client);
    };
    const link: SocketLink = new SocketLink(socket, { received, ended }, MOST_FRAME_BYTES);
    this.#links.add(link);
  }

  #session(link: Link, client: string, durable: boolean | undefined): Session {
    const dropAll = async () => {
      this.#epoch = await dropRecords(this.store, this.#directory);
    };
    return new Session({
      store: this.store,
      link,
      requests: new Requests(this.store, client),
      durable,
      dropRecords: dropAll,
      failed: () => void this.#stepDown(),
    });
  }

  /** Forgets a client, unless it connects again soon. */
  #forgetLater(client: string): void {
    const end = () => {
      clearTimeout(timer);
      this.#leaving.delete(client);
    };
    const timer = setTimeout(() => {
      end();
      this.#forget(client, "lose");
    }, FORGET_MS);
    timer.unref();
    this.#leaving.set(client, end);
  }

  #forget(client: string, how: "forget" | "lose" = "forget"): void {
    // If it fails, an owner after this one does it.
    const forgetting: Promise<void> = new Requests(this.store, client)
      [how]()
      .catch(() => {})
      .finally(() => this.#forgetting.delete(forgetting));
    this.#forgetting.add(forgetting);
  }
}

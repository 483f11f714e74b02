/**
 * The owner of a shared store: listens for other processes, and does their calls.
 *
 * @module
 */

import { renameSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { clearInterval, clearTimeout, setInterval, setTimeout, type Timer } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { mayAsk } from "../fs/process_identity.ts";
import { Feed, sendCommits } from "./feed.ts";
import { Fence, fenced } from "./fence.ts";
import { type Forked, Forks } from "./forks.ts";
import { Kind, type Message, MOST_FRAME_BYTES } from "./frame.ts";
import { HELLO_MS, helloOf, protocolFor, refusalFrame, welcomeFrame } from "./greeting.ts";
import type { Link, Receiver } from "./link.ts";
import { listening } from "./listening.ts";
import { LocalLink, localLinks } from "./local_link.ts";
import type { OwnedSledStore } from "./owned_store.ts";
import { clientsWithRecords, Requests } from "./requests.ts";
import { Session } from "./session.ts";
import { SocketLink } from "./socket_link.ts";
import { cannotShare, folderOf, socketIn, unnamedSocket, wayToSocket } from "./socket_path.ts";
import { beginSharing, dropRecords, endSharingIfDone } from "./traces.ts";

/** How many clients may be connected. */
const MOST_CLIENTS = 1024;
/** How long a client may take to end its side of the connection, in milliseconds. */
const GOODBYE_MS = 1000;
/** How long the records of a client are kept that is not connected and did not say goodbye, in milliseconds. */
const FORGET_MS = 60_000;
/** How often an idle owner looks whether it still is one, in milliseconds. Calls look by themselves. */
const LOOK_MS = 1000;

/** See the module. */
export class Owner {
  readonly store: OwnedSledStore;
  readonly #directory: string;
  readonly #links: Set<Link> = new Set();
  /** By client of another process: ends its connection. */
  readonly #present: Map<string, () => void> = new Map();
  /** By client: ends the wait until its records are forgotten. */
  readonly #leaving: Map<string, () => void> = new Map();
  /** The clients of this process: they send nothing again once it closes. */
  readonly #own: Set<string> = new Set();
  readonly #forgetting: Set<Promise<void>> = new Set();
  #epoch = "";
  readonly #fence: Fence;
  readonly #feed: Feed;
  /** There from the moment when it listens. */
  #forks: Forks | undefined;
  readonly #looking: Timer;
  #server: Server | undefined;
  /** Whether the socket has had its name from the start: then the runtime removes that name at the end, whoever has it. */
  #isNamedEarly = false;
  #isClosing = false;

  private constructor(store: OwnedSledStore, directory: string) {
    this.store = store;
    this.#feed = new Feed(store);
    this.#directory = directory;
    this.#fence = new Fence(directory, () => void this.#stepDown());
    this.#looking = setInterval(() => this.#fence.look(), LOOK_MS);
    this.#looking.unref();
  }

  /** Begins to listen. Rejects if that is not possible; the store stays open then. */
  static async listen(store: OwnedSledStore, directory: string): Promise<Owner> {
    const owner = new Owner(store, directory);
    try {
      await owner.#listen();
    } catch (error) {
      clearInterval(owner.#looking);
      owner.#endServer();
      throw error;
    }
    return owner;
  }

  /** Whether another process has taken the store over. */
  get isFenced(): boolean {
    return this.#fence.isLost;
  }

  /** See traces.ts. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Whether records of this process were removed although it may send a write again. It learns that once. */
  hasLost(client: string): boolean {
    const wereLost = new Requests(this.store, client).wereLost();
    if (wereLost) this.#forget(client, "tell");
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

  /**
   * Gives up a store that failed or was taken over: the next owner opens it again, perhaps this process. Calls without an
   * answer go there.
   */
  async #stepDown(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    clearInterval(this.#looking);
    for (const leave of this.#leaving.values()) leave();
    this.#forks?.stop();
    // Nothing more is sent: the store here may be of the past.
    if (this.#fence.look()) for (const link of this.#links) link.destroy();
    this.#endServer();
    // What could not be closed is released all the same.
    await this.store.close().catch(() => {});
    for (const link of this.#links) link.end();
  }

  /** Stops listening, unless that would remove the name of another owner's socket. Then nobody finds this one. */
  #endServer(done?: () => void): void {
    const server = this.#server;
    if (!server || (this.#isNamedEarly && this.#fence.look())) done?.();
    else server.close(done);
  }

  /** Ends all links, and stops listening. The next owner may begin once the store is closed. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#looking);
    const isAlone = [...this.#links].every((link) => link instanceof LocalLink);
    for (const leave of this.#leaving.values()) leave();
    this.#forks?.stop();
    const closed = new Promise<void>((resolve) => this.#endServer(() => resolve()));
    for (const link of this.#links) link.end();
    // A client that is stopped does not answer the end.
    const timer = setTimeout(() => {
      for (const link of this.#links) link.destroy();
    }, GOODBYE_MS);
    // Nobody is there to send a write again.
    for (const client of this.#own) this.#forget(client);
    await Promise.all(this.#forgetting);
    // What cannot be removed is removed later.
    if (isAlone && !this.#fence.look()) await endSharingIfDone(this.store, this.#directory).catch(() => {});
    await closed;
    clearTimeout(timer);
  }

  async #listen(): Promise<void> {
    const { createServer } = await import("node:net");
    this.#fence.require();
    this.#epoch = beginSharing(this.store, this.#directory);
    for (const client of clientsWithRecords(this.store)) this.#forgetLater(client);
    this.#forks = new Forks(this.store, this.#directory);
    // The runtimes remove the name that they bound when they stop listening, even if it is another owner's by then.
    const unnamed = unnamedSocket();
    const mayName = mayAsk({ name: "net", host: `unix:${folderOf(this.#directory)}/${unnamed}` });
    const way = wayToSocket(this.#directory, mayName ? unnamed : undefined);
    this.#isNamedEarly = !mayName;
    try {
      const server = createServer((socket) => this.#accept(socket));
      server.maxConnections = MOST_CLIENTS;
      server.unref();
      await listening(server, { path: way.path, exclusive: true, backlog: MOST_CLIENTS });
      this.#server = server;
      this.#fence.require();
      if (mayName) renameSync(`${folderOf(this.#directory)}/${unnamed}`, socketIn(this.#directory));
    } catch (cause) {
      throw cause instanceof StoreError ? cause : cannotShare(this.#directory, cause as Error);
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
    let wereLost = false;
    const timer = setTimeout(() => link.destroy(), HELLO_MS);
    timer.unref();
    const received = (message: Message) => {
      if (message.kind === Kind.END && message.id === 0) hasLeft = true;
      if (session) {
        // WELCOME has arrived. Had it not, the next one would have to tell the same.
        if (wereLost) this.#forget(client, "tell");
        wereLost = false;
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
      this.#leaving.get(client)?.();
      this.#forks?.came(client);
      // What is on its way over an older connection must not come after what is sent again over this one.
      this.#present.get(client)?.();
      this.#present.set(client, replace);
      session = this.#session(link, client, hello.durable);
      wereLost = new Requests(this.store, client).wereLost();
      if (this.#fence.look()) return;
      link.send(welcomeFrame(protocol, { version: this.store.version, epoch: this.#epoch, wereLost }));
    };
    const replace = () => {
      session?.end();
      link.destroy(new Error("the client has another connection"));
    };
    const ended = () => {
      clearTimeout(timer);
      this.#links.delete(link);
      session?.end();
      if (this.#present.get(client) !== replace) return;
      this.#present.delete(client);
      if (!this.#isClosing) this.#forks?.left(client, hasLeft);
      if (hasLeft) this.#forget(client);
      else if (!this.#isClosing) this.#forgetLater(client);
    };
    const link: SocketLink = new SocketLink(socket, { received, ended }, MOST_FRAME_BYTES);
    this.#links.add(link);
  }

  #session(own: Link, client: string, durable: boolean | undefined): Session {
    const link = fenced(own, this.#fence);
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
      replicas: {
        fork: async ({ signal }) => {
          try {
            return (await this.#forks?.make(client, signal)) as Forked;
          } finally {
            // A fork raises the version of the store.
            this.#feed.wake();
          }
        },
        follow: (outlet, call) => sendCommits(outlet, this.#feed, call),
      },
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

  #forget(client: string, how: "forget" | "lose" | "tell" = "forget"): void {
    // If it fails, an owner after this one does it.
    const forgetting: Promise<void> = new Requests(this.store, client)
      [how]()
      .catch(() => {})
      .finally(() => this.#forgetting.delete(forgetting));
    this.#forgetting.add(forgetting);
  }
}

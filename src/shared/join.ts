/**
 * Finds the owner of a store, or becomes it.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { SledStoreConfig } from "../api/config.ts";
import { LoggingLevel } from "../api/logger.ts";
import { clearTimeout, clock, setTimeout, sleep } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { currentLock } from "../fs/lock_record.ts";
import { errorCode } from "../fs/node_errors.ts";
import { consoleLogger, leveled } from "../logger.ts";
import { encodeFrame, Kind, type Message, MOST_FRAME_BYTES } from "./frame.ts";
import type { Receiver } from "./link.ts";
import type { Joined } from "./open_call.ts";
import type { OwnedStore } from "./owned_store.ts";
import { Owner, PROTOCOL } from "./owner.ts";
import { ProtocolError } from "./protocol_error.ts";
import { SocketLink } from "./socket_link.ts";
import { cannotShare, wayToSocket } from "./socket_path.ts";
import { isTakenOver, Takeover } from "./takeover.ts";
import { WatchedLink } from "./watched_link.ts";

/** The pauses between two attempts: the first one and the longest one. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;
/** How long a process may have the directory without listening, in milliseconds: it may recover, or close. */
const PATIENCE_MS = 10_000;
/** How long an owner may take to greet a client, in milliseconds. One that is busy answers later. */
const WELCOME_MS = 10_000;
/** How often a process that waits for the directory looks whether its owner is frozen, in milliseconds. */
const LOOK_MS = 250;

/** Opens a store that is not shared. */
export type OpenAlone = (config: SledStoreConfig) => Promise<OwnedStore>;

/** Nobody listens, or not now: then the lock decides, and the next attempt follows. */
const NOBODY: ReadonlySet<string> = new Set([
  ...["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"],
  ...["EAGAIN", "EINTR", "ETIMEDOUT", "EMFILE", "ENFILE", "ENOBUFS"],
]);

/** A process that shares a store. */
export interface Member {
  readonly open: OpenAlone;
  /** The config of the store. Its path is absolute. */
  readonly config: SledStoreConfig;
  readonly path: string;
  /** 32 hexadecimal digits, unique to this client. */
  readonly client: string;
}

/** What this process is after it joined. */
export interface Membership extends Joined {
  /** If this process is the owner. */
  readonly owner: Owner | undefined;
}

/** Joins. Rejects as `open` does, and with `STORE_LOCKED` if the process that has the directory does not share it. */
export async function join(member: Member, receiver: Receiver, isOver: () => boolean): Promise<Membership> {
  const start = clock.monotonic();
  const patienceMs = Math.max(PATIENCE_MS, member.config.waitForLock ?? 0);
  const takeover = takeoverOf(member);
  let lookedMs = start;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    if (isOver()) throw new StoreError("STORE_CLOSED", "Cannot join: the store is closed");
    member.config.signal?.throwIfAborted();
    const connected = await connect(member, receiver);
    if (connected && member.config.errorIfExists) {
      connected.link.destroy();
      throw new StoreError(
        "STORE_EXISTS",
        `Cannot open '${member.path}': another process has it, and errorIfExists is true`,
      );
    }
    const joined = connected ?? (await own(member, receiver, clock.monotonic() - start < patienceMs));
    if (joined) return joined;
    if (clock.monotonic() - lookedMs >= LOOK_MS) {
      lookedMs = clock.monotonic();
      await takeover.lookAtOwner();
    }
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}

/** Opens the store and shares it. `undefined` if another process has it. */
async function own(member: Member, receiver: Receiver, mayWait: boolean): Promise<Membership | undefined> {
  const { open, config, path, client } = member;
  let store: OwnedStore;
  try {
    store = await open({ ...config, waitForLock: 0 });
  } catch (error) {
    if (mayWait && error instanceof StoreError && error.code === "STORE_LOCKED") return undefined;
    if (wasFenced(error, path)) return undefined;
    throw error;
  }
  try {
    const owner = await Owner.listen(store, path);
    if (owner.isFenced) return undefined;
    return {
      owner,
      link: owner.connect(receiver, client),
      local: store,
      isFenced: () => owner.isFenced,
      version: store.version,
      epoch: owner.epoch,
      wereLost: owner.hasLost(client),
    };
  } catch (error) {
    const isFenced = wasFenced(error, path);
    // A store that lost its lock cannot be closed well.
    await store.close().catch((failure: unknown) => {
      if (!isFenced) throw failure;
    });
    if (isFenced) return undefined;
    throw error;
  }
}

/** Whether an open failed because the process stood still in the middle of it, and another one took over. */
function wasFenced(error: unknown, path: string): boolean {
  return error instanceof StoreError && error.code === "LOCK_LOST" && isTakenOver(path);
}

/** Connects to the owner. `undefined` if nobody listens. */
async function connect(member: Member, receiver: Receiver): Promise<Membership | undefined> {
  const { config, path, client } = member;
  // Before the connection: if the owner changes now, the look finds another lock, and the client joins again.
  const nonce = nonceIn(path);
  const socket = await connected(path);
  if (!socket) return undefined;
  return await new Promise((resolve, reject) => {
    let isIn = false;
    const timer = setTimeout(() => link.destroy(), WELCOME_MS);
    const received = (message: Message) => {
      if (isIn) {
        receiver.received(message);
        return;
      }
      clearTimeout(timer);
      if (message.kind !== Kind.WELCOME) throw new ProtocolError("the owner did not begin with WELCOME");
      const [protocol, version, epoch, wereLost] = message.body as [number, number, string, boolean];
      if (protocol !== PROTOCOL)
        throw new ProtocolError(`the owner has protocol ${protocol}, this process ${PROTOCOL}`);
      isIn = true;
      resolve({ owner: undefined, link, local: undefined, isFenced: () => false, version, epoch, wereLost });
    };
    const ended = (error: Error | undefined) => {
      clearTimeout(timer);
      if (isIn) receiver.ended(error);
      else if (error instanceof ProtocolError) reject(error);
      else resolve(undefined);
    };
    const takeover = takeoverOf(member);
    const link: WatchedLink = new WatchedLink(() => takeover.look(nonce));
    link.link = new SocketLink(socket, link.receiver({ received, ended }), MOST_FRAME_BYTES);
    link.keepAlive(true);
    link.send(encodeFrame({ kind: Kind.HELLO, id: 0, body: [PROTOCOL, client, config.syncWrites !== false] }));
  });
}

function takeoverOf({ config, path }: Member): Takeover {
  const { logger = consoleLogger, loggingLevel = LoggingLevel.WARNING } = config;
  return new Takeover(path, leveled(logger, loggingLevel));
}

/** What tells the present lock from all others; `undefined` if there is none. */
function nonceIn(directory: string): string | undefined {
  try {
    return currentLock(directory)?.record?.nonce;
  } catch {
    // The directory is missing. Then nobody listens there.
    return undefined;
  }
}

async function connected(path: string): Promise<Socket | undefined> {
  const net = await import("node:net");
  const way = wayToSocket(path);
  try {
    return await new Promise((resolve, reject) => {
      const socket = net.connect(way.path);
      socket.once("connect", () => {
        socket.removeAllListeners("error");
        resolve(socket);
      });
      socket.once("error", (error) => {
        const code = errorCode(error);
        if (code !== undefined && NOBODY.has(code)) resolve(undefined);
        else reject(error);
      });
    });
  } catch (cause) {
    throw cannotShare(path, cause as Error);
  } finally {
    way.close();
  }
}

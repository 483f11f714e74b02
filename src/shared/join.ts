/**
 * Finds the owner of a store, or becomes it.
 *
 * @module
 */

import type { SledStoreConfig } from "../api/config.ts";
import { type Logger, LoggingLevel } from "../api/logger.ts";
import { clock, sleep } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { currentLock } from "../fs/lock_record.ts";
import { consoleLogger, leveled } from "../logger.ts";
import { greet } from "./greeting.ts";
import type { Receiver } from "./link.ts";
import type { Joined } from "./open_call.ts";
import type { OwnedSledStore } from "./owned_store.ts";
import { Owner } from "./owner.ts";
import { connectToOwner } from "./socket_connect.ts";
import { isTakenOver, Takeover } from "./takeover.ts";
import { WatchedLink } from "./watched_link.ts";

/** The pauses between two attempts: the first one and the longest one. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;
/** How long a process may have the directory without listening, in milliseconds: it may recover, or close. */
const PATIENCE_MS = 10_000;
/** How often a process that waits for the directory looks whether its owner is frozen, in milliseconds. */
const LOOK_MS = 250;

/** Opens a store that is not shared. */
export type OpenAlone = (config: SledStoreConfig) => Promise<OwnedSledStore>;

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
  let store: OwnedSledStore;
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
  const socket = await connectToOwner(path);
  if (!socket) return undefined;
  const takeover = takeoverOf(member);
  const watched = new WatchedLink(() => takeover.look(nonce));
  try {
    const greeted = await greet(socket, { client, durable: config.syncWrites !== false }, receiver, watched);
    return greeted && { ...greeted, owner: undefined, local: undefined };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError(error.code, `Cannot open '${path}': ${error.message}`, { cause: error });
  }
}

function takeoverOf({ config, path }: Member): Takeover {
  return new Takeover(path, loggerOf(config));
}

/** Where a process that shares a store logs what it does. */
export function loggerOf({ logger = consoleLogger, loggingLevel = LoggingLevel.WARNING }: SledStoreConfig): Logger {
  return leveled(logger, loggingLevel);
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

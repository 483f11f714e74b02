/**
 * The replicas of a shared store, as its owner sees them: it makes each, as a fork of the store, and removes those of
 * clients that are gone. They are in `shared/follow`; their names begin with that of their client.
 *
 * @module
 */

import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { clearTimeout, setTimeout } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { randomName } from "../fs/random.ts";
import type { SledStore } from "../sled_store.ts";
import { folderOf } from "./socket_path.ts";

/** How many clients may follow. */
const MOST_FOLLOWERS = 64;
/** How many replicas a client may have: one that it reads, the next one, and older ones that its snapshots read. */
const MOST_OF_CLIENT = 4;
/** How long the replicas of a client stay whose connection ended without a word, in milliseconds. */
const LOST_MS = 2000;
/** The same for a client that another owner had, in milliseconds. */
const LEFT_MS = 60_000;
/** How many digits of a name tell the client. */
const CLIENT_DIGITS = 32;

/** What `fork` answers: the name of the replica. */
export interface Forked {
  readonly name: string;
}

/** The directory of a replica. */
export function replicaIn(directory: string, name: string): string {
  return `${folderOf(directory)}/follow/${name}`;
}

/** See the module. */
export class Forks {
  readonly #store: Pick<SledStore, "fork">;
  readonly #directory: string;
  /** The clients that may have replicas. */
  readonly #followers: Set<string>;
  /** By client: ends the wait until its replicas are removed. */
  readonly #waiting: Map<string, () => void> = new Map();
  /** Forks are made one after the other: each stops the event loop for some milliseconds. */
  #last: Promise<unknown> = Promise.resolve();

  /** Gives clients of an earlier owner a while to come back. */
  constructor(store: Pick<SledStore, "fork">, directory: string) {
    this.#store = store;
    this.#directory = directory;
    this.#followers = new Set(this.#names().map(clientOf));
    for (const client of this.#followers) this.#removeLater(client, LEFT_MS);
  }

  /** Makes a replica for a client. Rejects with `STORE_BUSY` if there are too many. */
  make(client: string, signal: AbortSignal): Promise<Forked> {
    const made = this.#last.then(() => this.#make(client, signal));
    this.#last = made.catch(() => {});
    return made;
  }

  /** Notes that a client has a connection. */
  came(client: string): void {
    this.#waiting.get(client)?.();
  }

  /** Notes that the connection of a client ended. It may come back, unless it said goodbye. */
  left(client: string, saidGoodbye: boolean): void {
    if (!this.#followers.has(client)) return;
    if (saidGoodbye) void this.#remove(client);
    else this.#removeLater(client, LOST_MS);
  }

  /** Removes nothing any more: the next owner does. */
  stop(): void {
    for (const end of [...this.#waiting.values()]) end();
  }

  async #make(client: string, signal: AbortSignal): Promise<Forked> {
    signal.throwIfAborted();
    const names = this.#names();
    const clients = new Set(names.map(clientOf)).add(client);
    const own = names.filter((name) => clientOf(name) === client);
    if (clients.size > MOST_FOLLOWERS || own.length >= MOST_OF_CLIENT) {
      const what = clients.size > MOST_FOLLOWERS ? `${MOST_FOLLOWERS} followers` : `${MOST_OF_CLIENT} replicas of it`;
      throw new StoreError("STORE_BUSY", `Cannot follow '${this.#directory}': there are ${what} already`);
    }
    this.#followers.add(client);
    const name = `${client}.${randomName().slice(0, 8)}`;
    mkdirSync(replicaIn(this.#directory, ""), { recursive: true, mode: 0o700 });
    await this.#store.fork(replicaIn(this.#directory, name), { signal });
    return { name };
  }

  #names(): string[] {
    const folder = replicaIn(this.#directory, "");
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  #removeLater(client: string, ms: number): void {
    this.came(client);
    const end = () => {
      clearTimeout(timer);
      this.#waiting.delete(client);
    };
    const timer = setTimeout(() => {
      end();
      void this.#remove(client);
    }, ms);
    timer.unref();
    this.#waiting.set(client, end);
  }

  /** What cannot be removed is removed with the folder, when the store is not shared any more. */
  async #remove(client: string): Promise<void> {
    this.#followers.delete(client);
    const folder = replicaIn(this.#directory, "");
    const names = await readdir(folder).catch(() => []);
    const own = names.filter((name) => clientOf(name) === client);
    await Promise.allSettled(own.map((name) => rm(`${folder}${name}`, { recursive: true, force: true })));
  }
}

function clientOf(name: string): string {
  return name.slice(0, CLIENT_DIGITS);
}

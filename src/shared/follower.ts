/**
 * A client that reads in its own process. It has a replica of the store, and applies the commits that the owner sends.
 *
 * The replica begins as a fork of the store. If the owner ends, the next one goes on after the last commit that came. If
 * that one cannot, or the store was in other hands meanwhile, the follower begins again with another fork. It reads the
 * old replica until the new one has at least what the old one and the owner told. Without a replica it asks the owner.
 *
 * @module
 */

import type { StoreErrorCode } from "../api/errors.ts";
import type { Following } from "../api/shared_store.ts";
import { clock } from "../clock.ts";
import { keepAlive } from "../commit/keep_alive.ts";
import { StoreError } from "../errors.ts";
import { type Deferred, deferred, onAbort, pause } from "../promises.ts";
import type { Client } from "./client.ts";
import { type CommitPiece, gone } from "./feed.ts";
import { type Forked, replicaIn } from "./forks.ts";
import { loggerOf, type Member } from "./join.ts";
import type { OwnedStore } from "./owned_store.ts";
import { Pieces } from "./pieces.ts";
import { Replica, removeReplica } from "./replica.ts";

/** The pauses after failures: the first one and the longest one. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5000;
/** After this time without a failure the next one is not made worse by those before, in milliseconds. */
const CALM_MS = 10_000;
/** How many replicas may be too old before one can be read. Then reads go to the owner. */
const MOST_ATTEMPTS = 3;
/** After so many bytes it is looked how large the replica has become. */
const BYTES_A_LOOK = 32 * 1024 * 1024;

/** Somebody who waits until reads find a version. */
interface Waiting extends Deferred<void> {
  readonly version: number;
}

/** See the module. */
export class Follower {
  readonly #client: Client;
  readonly #member: Omit<Member, "client">;
  readonly #warn: (message: string) => void;
  readonly #stop = new AbortController();
  readonly #replicas: Set<Replica> = new Set();
  /** The replica that is read. */
  #current: Replica | undefined;
  #pieces: Pieces<CommitPiece> | undefined;
  readonly #begun: Deferred<void> = deferred<void>();
  /** Resolved when the process becomes the owner, or a client again. */
  #turned: Deferred<void> = deferred<void>();
  #running: Promise<void> | undefined;
  #waiting: Waiting[] = [];
  #delayMs = 0;

  constructor(client: Client, member: Omit<Member, "client">) {
    this.#client = client;
    this.#member = member;
    this.#warn = loggerOf(member.config).warn;
    client.follower = this;
  }

  /** Begins to follow. Settles once there is a replica, or this process is the owner. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const release = onAbort(signal, () => this.#begun.reject(signal?.reason));
    // What it waits for may come over a connection that keeps no process alive.
    const letGo = keepAlive();
    this.#running = this.#run();
    try {
      await this.#begun.promise;
    } finally {
      letGo();
      release();
    }
  }

  /** The replica as a store; `undefined` while there is none. */
  get store(): OwnedStore | undefined {
    const current = this.#current;
    if (!current || current.isAlive) return current?.store;
    // It failed outside of a call. Another one follows.
    this.#giveUp();
    this.#pieces?.cancel();
    return undefined;
  }

  /** See `SharedStore.following`. */
  get following(): Following | undefined {
    const version = this.store?.version;
    if (version === undefined) return undefined;
    return { version, newest: Math.max(version, this.#client.version), delayMs: this.#delayMs };
  }

  /** Settles once reads find a version; `undefined` if they do. */
  reached(version: number): Promise<void> | undefined {
    const { store } = this;
    if (!store || store.version >= version || this.#client.isOwner) return undefined;
    const waiting = { version, ...deferred<void>() };
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Called after the client has joined: it is the owner, or a client. */
  joined(): void {
    if (this.#client.isOwner) this.#giveUp();
    this.#turned.resolve();
    this.#turned = deferred<void>();
  }

  /** Ends it, and all replicas. */
  async close(): Promise<void> {
    this.#stop.abort(new StoreError("STORE_CLOSED", "Cannot follow: the store is closed"));
    this.#pieces?.cancel();
    this.#turned.resolve();
    this.#giveUp();
    await this.#running;
    await Promise.all([...this.#replicas].map((replica) => replica.end()));
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      const turned = this.#turned.promise;
      if (this.#client.isOwner) {
        this.#begun.resolve();
        await turned;
        continue;
      }
      const [before, startMs] = [this.#current, clock.monotonic()];
      try {
        await this.#follow();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#failed(error as Error, { wasRead: before !== this.#current, failures });
      }
      if (clock.monotonic() - startMs > CALM_MS) failures = 0;
      if (failures > 0)
        await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS), this.#stop.signal, true);
      failures += 1;
    }
  }

  /** Decides what is read until there is another replica. */
  #failed(error: Error, { wasRead, failures }: { wasRead: boolean; failures: number }): void {
    // The owner makes no replica while it is being restored. Until then the old one is read.
    if (hasCode(error, "STORE_RESTORING")) return;
    if (hasCode(error, "VERSION_GONE")) {
      // A replica that was of use is only too old by now. The next one may be too old before it can be read.
      if (wasRead || failures < MOST_ATTEMPTS) return;
      this.#begun.resolve();
    }
    this.#giveUp();
    this.#begun.reject(error);
    this.#warn(`'${this.#member.path}' is read at its owner, for there is no replica: ${error.message}`);
  }

  /** Makes a replica and keeps it up to date. Settles when another one must follow. */
  async #follow(): Promise<void> {
    const { open, config, path } = this.#member;
    const { signal } = this.#stop;
    const { name } = (await this.#client.call({ method: "fork", args: [] }, signal)) as Forked;
    const { epoch } = this.#client;
    const place = replicaIn(path, name);
    // It may have become the owner meanwhile, and have forked its own store.
    if (this.#client.isOwner) return await removeReplica(place);
    const replica = await Replica.open(open, config, place);
    this.#replicas.add(replica);
    const pieces = this.#piecesOf(replica, epoch);
    this.#pieces = pieces;
    try {
      for (let bytes = 0; !signal.aborted && !this.#client.isOwner; ) {
        if (replica !== this.#current && replica.version >= this.#client.version) this.#read(replica);
        const piece = await pieces.next();
        if (!piece) return;
        const next = replica.apply(piece);
        this.#delayMs = Math.max(0, clock.now() - piece[1]);
        if (replica === this.#current) this.#tell();
        await next;
        bytes += piece[3].length;
        if (bytes < BYTES_A_LOOK) continue;
        bytes = 0;
        if (replica.isLarge()) return;
      }
    } finally {
      pieces.cancel();
      if (replica !== this.#current) await this.#end(replica);
    }
  }

  #piecesOf({ version }: Replica, epoch: string | undefined): Pieces<CommitPiece> {
    const client = this.#client;
    let arrived = version;
    return new Pieces<CommitPiece>(
      client,
      { method: "follow", args: [version] },
      {
        arrived: ([until]) => {
          arrived = until;
        },
        again: (call) => {
          if (client.isOwner) return undefined;
          // Others had the store meanwhile: what the replica has may not be there any more.
          if (client.epoch !== epoch) throw gone(arrived);
          return { ...call, from: { version: arrived } };
        },
      },
    );
  }

  /** From now on reads find this replica. */
  #read(replica: Replica): void {
    const before = this.#current;
    this.#current = replica;
    if (before) this.#retire(before);
    this.#tell();
    this.#begun.resolve();
  }

  /** From now on reads go to the owner, or to the store itself if this process is the owner. */
  #giveUp(): void {
    const before = this.#current;
    this.#current = undefined;
    if (before) this.#retire(before);
    this.#tell();
  }

  #retire(replica: Replica): void {
    replica.retire();
    void replica.ended.then(() => this.#replicas.delete(replica));
  }

  async #end(replica: Replica): Promise<void> {
    if (replica.isRetiring) return;
    await replica.end();
    this.#replicas.delete(replica);
  }

  /** Tells those who wait for a version that is there now. */
  #tell(): void {
    const version = this.#current?.version ?? Number.POSITIVE_INFINITY;
    const all = this.#waiting;
    if (all.length === 0) return;
    this.#waiting = all.filter((waiting) => waiting.version > version);
    for (const waiting of all) if (waiting.version <= version) waiting.resolve();
  }
}

function hasCode(error: unknown, code: StoreErrorCode): boolean {
  return error instanceof StoreError && error.code === code;
}

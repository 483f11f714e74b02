/**
 * Leases of one client. etcd removes the keys of a lease when its time is over.
 *
 * luge needs three kinds:
 *
 * - A commit writes its lane under a lease that the client never renews. When that lease has ended, etcd refuses the
 *   commit. So no commit that is late on its way can be done after that.
 * - A deletion writes a tombstone under a lease that lives longer than any lease for commits. So a transaction that
 *   reads a range sees each deletion as a change: the tombstone is still there, or the transaction is refused.
 * - A value that expires has a lease that ends some time after it.
 *
 * @module
 */

import { clock } from "../../clock.ts";
import { EtcdFailure } from "./failure.ts";
import { type Header, revisionOf } from "./messages.ts";
import type { Space } from "./space.ts";

/** A lease for commits lives this long, in seconds: so long may a transaction take at most. */
export const COMMIT_S = 300;
/** After this time a client takes a new one for new transactions, in milliseconds. */
const COMMIT_FRESH_MS = 100_000;
/** A client uses its lease for commits at most so long, in milliseconds: it ends soon. */
const COMMIT_USED_MS = 270_000;
/** A tombstone, and a value that has expired, stays at least this long, in seconds. */
const KEPT_S = 2 * COMMIT_S;
/** How much longer than needed a lease of values lives, so that many values share it. */
const SHARED = 1.5;
/** The most keys of one lease: etcd removes them in one step. */
const MOST_KEYS = 5000;
/** etcd knows no longer lease, in seconds. A value that expires later has none: it stays, and is not shown. */
const LONGEST_S = 9_000_000_000;
/** The most leases for values that a client remembers. */
const MOST_REMEMBERED = 64;

/** A lease that was granted. */
export interface Lease {
  readonly id: string;
  /**
   * That of etcd when it was granted; for a lease for commits, that of the newest commit of the store then. Each commit
   * after it came later.
   */
  readonly revision: number;
  /** Before the request for it was sent. */
  readonly askedMs: number;
  readonly ttlMs: number;
  keys: number;
}

/** The leases of one client. */
export class Leases {
  readonly #space: Space;
  #commit: Lease[] = [];
  #kept: Lease[] = [];
  readonly #granting: Map<string, Promise<Lease>> = new Map();

  constructor(space: Space) {
    this.#space = space;
  }

  /**
   * A lease for a commit. With `since` it was granted before any change after that revision; `undefined` if the client
   * has none such, since the transaction took too long.
   */
  async forCommit(since?: number): Promise<Lease | undefined> {
    const now = clock.monotonic();
    this.#commit = this.#commit.filter(({ askedMs }) => now - askedMs < COMMIT_USED_MS);
    const newest = this.#commit.at(-1);
    if (!newest) await this.#grantForCommit();
    else if (now - newest.askedMs > COMMIT_FRESH_MS) {
      // A commit of a transaction that began under the old one can still use that. If this fails, the next call tries.
      this.#grantForCommit().catch(() => {});
    }
    return since === undefined ? this.#commit.at(-1) : this.#commit.findLast(({ revision }) => revision <= since);
  }

  /** A lease ended before its time, and etcd does not say which: all are asked for again. */
  forget(): void {
    this.#commit = [];
    this.#kept = [];
  }

  /** A lease for a tombstone. */
  forTombstone(): Promise<Lease> {
    return this.#keeping(KEPT_S);
  }

  /** A lease for a value that expires in so many milliseconds; `undefined` if no lease is that long. */
  async forValue(remainingMs: number): Promise<Lease | undefined> {
    const seconds = Math.ceil(Math.max(remainingMs, 0) / 1000) + KEPT_S;
    return seconds > LONGEST_S ? undefined : await this.#keeping(seconds);
  }

  /** A lease that lives at least so many seconds from now, and not much longer. */
  async #keeping(seconds: number): Promise<Lease> {
    const now = clock.monotonic();
    const isGood = ({ askedMs, ttlMs, keys }: Lease) => {
      const leftMs = askedMs + ttlMs - now;
      return keys < MOST_KEYS && leftMs >= seconds * 1000 && leftMs <= seconds * 1000 * SHARED * SHARED;
    };
    let lease = this.#kept.find(isGood);
    if (!lease) {
      const ttl = Math.min(Math.ceil(seconds * SHARED), LONGEST_S);
      lease = await this.#grant(`kept ${ttl}`, ttl);
      if (!this.#kept.includes(lease)) this.#kept.push(lease);
      if (this.#kept.length > MOST_REMEMBERED) this.#kept.shift();
    }
    lease.keys += 1;
    return lease;
  }

  async #grantForCommit(): Promise<void> {
    const lease = await this.#grant("commit", COMMIT_S);
    if (this.#commit.some(({ id }) => id === lease.id)) return;
    // Other keys in etcd have changed since the newest commit of this store.
    const revision = await this.#space.commitAt(lease.revision);
    if (!this.#commit.some(({ id }) => id === lease.id)) this.#commit.push({ ...lease, revision });
  }

  /** Those who ask for the same at the same time get the same one. */
  #grant(name: string, seconds: number): Promise<Lease> {
    let granting = this.#granting.get(name);
    if (!granting) {
      granting = this.#askFor(seconds).finally(() => this.#granting.delete(name));
      this.#granting.set(name, granting);
    }
    return granting;
  }

  /** An attempt that was done although no answer came leaves a lease without keys, which ends by itself. */
  async #askFor(seconds: number): Promise<Lease> {
    const askedMs = clock.monotonic();
    const answer = await this.#space.client.call<{ header?: Header; ID?: string; TTL?: string; error?: string }>(
      "/v3/lease/grant",
      { TTL: String(seconds) },
    );
    if (answer.ID === undefined) throw new EtcdFailure("refused", `etcd granted no lease: ${answer.error}`);
    const ttlMs = Math.min(seconds, Number(answer.TTL ?? seconds)) * 1000;
    return { id: answer.ID, revision: revisionOf(answer.header?.revision), askedMs, ttlMs, keys: 0 };
  }
}

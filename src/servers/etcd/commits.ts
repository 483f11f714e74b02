/**
 * Commits of a store over etcd: groups of requests as few transactions.
 *
 * @module
 */

import { sleep } from "../../clock.ts";
import { StoreError } from "../../errors.ts";
import { type CommitOutcome, type CommitRequest, isChange } from "../backend.ts";
import type { Committed, Committer } from "./committer.ts";
import { type EncodedRequest, type Encoder, isOutcome, mayShare, type TransactionLimits } from "./encoder.ts";
import { Existed } from "./existed.ts";
import { EtcdFailure } from "./failure.ts";
import type { Lease, Leases } from "./leases.ts";
import type { Compare, RequestOp, TxnResponse } from "./messages.ts";
import { Outcomes } from "./outcomes.ts";
import type { PieceStore } from "./pieces.ts";
import { Plans } from "./plans.ts";
import type { Reads } from "./reads.ts";
import type { Space } from "./space.ts";

/** Requests with more comparisons or operations than that get a transaction of their own. */
const SMALL = 16;
/** How many transactions of a group are on their way together. */
const TOGETHER = 8;
/** How often a request is tried whose keys others change meanwhile. */
const MOST_TRIES = 1000;
/** The pause before a further try, in milliseconds: a random part of this. */
const PAUSE_MS = 10;

/** A part of a transaction, for one request of the group. */
interface Planned {
  readonly at: number;
  readonly encoded: EncodedRequest;
}

/** The commits of one client. */
export class Commits {
  readonly #space: Space;
  readonly #committer: Committer;
  readonly #leases: Leases;
  readonly #pieces: PieceStore;
  readonly #encoder: Encoder;
  readonly #limits: TransactionLimits;
  readonly #existed: Existed;
  readonly #plans: Plans;

  constructor(parts: {
    readonly space: Space;
    readonly committer: Committer;
    readonly leases: Leases;
    readonly reads: Reads;
    readonly pieces: PieceStore;
    readonly encoder: Encoder;
    readonly limits: TransactionLimits;
    readonly now: () => number;
  }) {
    this.#space = parts.space;
    this.#committer = parts.committer;
    this.#leases = parts.leases;
    this.#pieces = parts.pieces;
    this.#encoder = parts.encoder;
    this.#limits = parts.limits;
    this.#existed = new Existed(parts.space, parts.now);
    this.#plans = new Plans(parts);
  }

  /** See {@linkcode AsyncBackend.commit}. */
  async commit(group: readonly CommitRequest[]): Promise<readonly CommitOutcome[]> {
    const outcomes = new Outcomes(group.length);
    let small: Planned[] = [];
    const run = async () => {
      const parts = small;
      small = [];
      const numbers = parts.map(({ at }) => at);
      await outcomes.attempt(numbers, () => this.#together(parts, outcomes));
    };
    for (const [at, request] of group.entries()) {
      if (group.length === 1 || !mayShare(request, SMALL)) continue;
      await outcomes.attempt([at], async () => {
        const encoded = await this.#plans.optimistic(request);
        if (isOutcome(encoded)) outcomes.set(at, encoded);
        else if (encoded) {
          if (!this.#fits(small, encoded)) await run();
          small.push({ at, encoded });
        }
      });
    }
    await run();
    const alone = outcomes.open;
    for (let start = 0; start < alone.length; start += TOGETHER) {
      await Promise.all(
        alone.slice(start, start + TOGETHER).map((at) =>
          outcomes.attempt([at], async () => {
            outcomes.set(at, await this.#alone(group[at] as CommitRequest));
          }),
        ),
      );
    }
    return outcomes.toArray();
  }

  /** The parts of requests as one transaction. A request whose comparisons fail gets no outcome yet. */
  async #together(parts: readonly Planned[], outcomes: Outcomes): Promise<void> {
    if (parts.length === 0) return;
    const lease = await this.#leaseFor(parts.map(({ encoded }) => encoded));
    // A transaction that took too long is refused later, alone.
    if (!lease) return;
    const ops = parts.map(({ encoded: { compare, success } }): readonly RequestOp[] =>
      compare.length === 0 ? success : [{ request_txn: { compare, success, failure: [] } }],
    );
    const committed = await this.#commit([], ops.flat(), lease);
    if (committed === "again") return;
    const { revision, responses } = committed;
    const version = this.#space.generation.versionOf(revision);
    let first = 0;
    let unknown: CommitOutcome | undefined;
    for (const [i, { at, encoded }] of parts.entries()) {
      const own = responses?.slice(first, first + (ops[i]?.length ?? 0));
      first += ops[i]?.length ?? 0;
      const existed = own ? this.#existedOf(encoded, own) : await this.#later(encoded, revision, unknown);
      if (typeof existed === "object") {
        unknown = existed;
        outcomes.set(at, existed);
      } else if (existed !== undefined) outcomes.set(at, { state: "done", version, existed });
    }
  }

  /**
   * How many keys a part of a commit deleted whose answer was lost; `undefined` if its comparisons were not true. If etcd
   * cannot tell, the outcome is unknown, as that of `before`, a part that was asked for and got no answer.
   */
  async #later(
    encoded: EncodedRequest,
    revision: number,
    before: CommitOutcome | undefined,
  ): Promise<number | CommitOutcome | undefined> {
    if (before && !this.#existed.isKnown(encoded)) return before;
    try {
      return await this.#existed.later(encoded, revision);
    } catch (error) {
      return { state: "failed", error };
    }
  }

  /** By the answers to a part of a transaction; `undefined` if its comparisons were not true. */
  #existedOf({ compare }: EncodedRequest, responses: TxnResponse["responses"] & object): number | undefined {
    if (compare.length === 0) return this.#existed.inAnswers(responses);
    const nested = responses[0]?.response_txn;
    return nested?.succeeded ? this.#existed.inAnswers(nested.responses ?? []) : undefined;
  }

  /** A request as a transaction of its own. First as if nobody else had changed its keys, then with what it finds. */
  async #alone(request: CommitRequest): Promise<CommitOutcome> {
    const written: string[] = [];
    try {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        if (tries > 1) await sleep(Math.random() * PAUSE_MS * Math.min(tries, 10));
        const isFirst = tries === 0 && isSimple(request);
        const encoded = isFirst ? await this.#plans.optimistic(request) : await this.#plans.exact(request);
        if (encoded === undefined) continue;
        if (isOutcome(encoded)) return encoded;
        written.push(...encoded.pieces);
        const outcome = await this.#once(encoded);
        if (outcome?.state === "done") for (const id of encoded.pieces) written.splice(written.indexOf(id), 1);
        if (outcome) return outcome;
        if (request.reads && !(await this.#isUnchanged(request))) return { state: "refused" };
      }
    } finally {
      // What remains is found by the next sweep.
      if (written.length > 0) this.#pieces.remove(written).catch(() => {});
    }
    const what = `others changed its keys at each of ${MOST_TRIES} tries`;
    return { state: "failed", error: new StoreError("TRANSACTION_CONFLICT", `Cannot commit: ${what}`) };
  }

  /** `undefined` if a comparison fails that may have another reason than a refusal. */
  async #once(encoded: EncodedRequest): Promise<CommitOutcome | undefined> {
    if (encoded.success.length === 0) return await this.#look(encoded);
    const lease = await this.#leaseFor([encoded]);
    if (!lease) return { state: "refused" };
    const committed = await this.#commit(encoded.compare, encoded.success, lease);
    if (committed === "again") return undefined;
    const { revision, responses } = committed;
    const existed = responses ? this.#existed.inAnswers(responses) : await this.#existed.before(encoded, revision);
    return { state: "done", version: this.#space.generation.versionOf(revision), existed };
  }

  /** A request that writes nothing. */
  async #look({ compare }: EncodedRequest): Promise<CommitOutcome | undefined> {
    const success = [{ request_range: { key: this.#space.layout.clock } }];
    const { succeeded, responses } = await this.#space.txn({ compare: [this.#sameGeneration(), ...compare], success });
    if (!succeeded) {
      await this.#space.reload();
      return undefined;
    }
    const [clock] = responses?.[0]?.response_range?.kvs ?? [];
    const version = clock ? this.#space.generation.versionOf(Number(clock.mod_revision)) : 0;
    return { state: "done", version, existed: 0 };
  }

  /** Commits, with the generation compared. `"again"` if a comparison failed. */
  async #commit(
    compare: readonly Compare[],
    success: readonly RequestOp[],
    lease: Lease,
  ): Promise<Extract<Committed, { state: "done" }> | "again"> {
    const { generation } = this.#space;
    let committed: Committed;
    try {
      committed = await this.#committer.commit([this.#sameGeneration(), ...compare], success, lease);
    } catch (failure) {
      if (!(failure instanceof EtcdFailure && failure.kind === "noLease")) throw failure;
      // Nothing was done. etcd has lost leases, perhaps since it was restored from a snapshot of its own.
      this.#leases.forget();
      return "again";
    }
    if (committed.state === "done") return committed;
    if (Number(committed.meta?.mod_revision ?? 0) !== generation.revision) await this.#space.reload();
    return "again";
  }

  #sameGeneration(): Compare {
    const { layout, generation } = this.#space;
    return { key: layout.meta, target: "MOD", result: "EQUAL", mod_revision: String(generation.revision) };
  }

  /** A lease that is older than all that the requests read; `undefined` if none is. */
  #leaseFor(requests: readonly EncodedRequest[]): Promise<Lease | undefined> {
    const leases = requests.flatMap(({ lease }) => lease ?? []);
    const [fixed] = leases;
    if (fixed) return Promise.resolve(fixed);
    const since = requests.flatMap((request) => request.since ?? []);
    return this.#leases.forCommit(since.length > 0 ? Math.min(...since) : undefined);
  }

  /** Whether what a transaction read is still as it was. */
  async #isUnchanged({ reads }: CommitRequest): Promise<boolean> {
    if (!reads) return true;
    const compare = this.#encoder.compareReads(reads);
    if (!compare) return false;
    const { succeeded = false } = await this.#space.txn({ compare, success: [], failure: [] });
    return succeeded;
  }

  #fits(parts: readonly Planned[], next: EncodedRequest): boolean {
    const all = [...parts.map(({ encoded }) => encoded), next];
    const bytes = all.reduce((sum, each) => sum + each.bytes, 0);
    const top = all.reduce((sum, { compare, success }) => sum + (compare.length === 0 ? success.length : 1), 0);
    return bytes <= this.#limits.bytes && top + SMALL <= this.#limits.operations;
  }
}

/** Whether all that a request writes is known without reading. */
function isSimple({ operations }: CommitRequest): boolean {
  return !operations.some(isChange);
}

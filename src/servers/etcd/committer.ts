/**
 * Does a transaction exactly once, although answers may be lost.
 *
 * Each transaction compares and writes the *lane* of its client: a key with the name of the newest transaction that
 * went through it. A repetition finds the name of the transaction itself there, and is not done a second time. If the
 * client gives up, it writes another name into the lane. A transaction that is still on its way then fails.
 *
 * @module
 */

import { clock } from "../../clock.ts";
import { outcomeUnknown } from "./errors.ts";
import type { Lease } from "./leases.ts";
import {
  type Compare,
  type KeyValue,
  type RequestOp,
  revisionOf,
  type TxnRequest,
  type TxnResponse,
} from "./messages.ts";
import { randomHex, type Space, textToBase64 } from "./space.ts";

/** A lane that was not used for so long is not used again, in milliseconds: its lease may end. */
const LANE_MS = 20_000;
const NAME_BYTES = 12;

/** Transactions go through a lane one after the other. */
interface Lane {
  readonly name: string;
  readonly key: string;
  /** How many names it had: each is a number, which no other transaction of the lane has. */
  names: number;
  /** The name of its newest transaction, as base64; `undefined` before the first. */
  last: string | undefined;
  usedMs: number;
}

/** What came of a transaction. */
export type Committed =
  /** `responses` of its operations; `undefined` if the answer was lost, and the commit was found done. */
  | { readonly state: "done"; readonly revision: number; readonly responses: TxnResponse["responses"] }
  /** A comparison is not true. `meta` is the key `m` at that time. */
  | { readonly state: "refused"; readonly meta: KeyValue | undefined };

/** Commits the transactions of one client. */
export class Committer {
  readonly #space: Space;
  readonly #lanes: Lane[] = [];
  #recovered = 0;

  constructor(space: Space) {
    this.#space = space;
  }

  /** How many transactions were found done after their answers were lost. */
  get recovered(): number {
    return this.#recovered;
  }

  /**
   * Does the operations and moves the clock, if all comparisons are true. Throws an `EtcdFailure` if nothing
   * was done, and `OUTCOME_UNKNOWN` if nobody could tell in time. `tag` is that of the generation after the commit.
   */
  async commit(
    compare: readonly Compare[],
    success: readonly RequestOp[],
    lease: Lease,
    tag?: string,
  ): Promise<Committed> {
    const clock = tag === undefined ? this.#space.clockValue : textToBase64(tag);
    for (;;) {
      const lane = this.#takeLane();
      const committed = await this.#commitThrough(lane, compare, success, lease, clock);
      if (committed) return committed;
    }
  }

  /** As {@linkcode Committer.commit}; `undefined` if the lane is lost, and nothing was done. */
  async #commitThrough(
    lane: Lane,
    compare: readonly Compare[],
    success: readonly RequestOp[],
    lease: Lease,
    clock: string,
  ): Promise<Committed | undefined> {
    const { layout } = this.#space;
    const name = nextName(lane);
    const isUnmoved: Compare =
      lane.last === undefined
        ? { key: lane.key, target: "CREATE", result: "EQUAL", create_revision: "0" }
        : { key: lane.key, target: "VALUE", result: "EQUAL", value: lane.last };
    const request: TxnRequest = {
      compare: [isUnmoved, ...compare],
      success: [
        ...success,
        { request_put: { key: lane.key, value: name, lease: lease.id } },
        // Last, so that a watch knows that it has all of the commit.
        { request_put: { key: layout.clock, value: clock } },
      ],
      failure: [{ request_range: { key: lane.key } }, { request_range: { key: layout.meta } }],
    };
    let mayBeDone = false;
    const onMaybe = () => {
      mayBeDone = true;
    };
    let answer: TxnResponse;
    try {
      answer = await this.#space.txn(request, { onMaybe });
    } catch (failure) {
      const done = await this.#endOf(lane, name, lease, mayBeDone);
      if (done) return done;
      throw failure;
    }
    if (answer.succeeded) {
      this.#giveBack(lane, name);
      return { state: "done", revision: revisionOf(answer.header?.revision), responses: answer.responses ?? [] };
    }
    const [found, meta] = (answer.responses ?? []).map(({ response_range }) => response_range?.kvs?.[0]);
    if (found?.value === name) return this.#foundDone(lane, name, found);
    if (found?.value === lane.last) {
      // An attempt without an answer may be on its way still, and its comparisons may be true when it comes.
      return (await this.#endOf(lane, name, lease, mayBeDone)) ?? { state: "refused", meta };
    }
    // The lease of the lane has ended. If this was the only attempt, it was not done.
    if (mayBeDone) throw outcomeUnknown(new Error(`the lane '${lane.name}' is lost`));
    return undefined;
  }

  /**
   * What came of a commit whose last answer does not say that it is done; `undefined` if it is not done, and never will
   * be. With `mayBeDone` an attempt has no answer: then luge asks etcd, and stops the attempt if it is still on its way.
   */
  async #endOf(lane: Lane, name: string, lease: Lease, mayBeDone: boolean): Promise<Committed | undefined> {
    if (!mayBeDone) {
      this.#giveBack(lane);
      return undefined;
    }
    const stop = nextName(lane);
    let answer: TxnResponse;
    try {
      answer = await this.#space.txn({
        compare: [{ key: lane.key, target: "VALUE", result: "EQUAL", value: name }],
        success: [{ request_range: { key: lane.key } }],
        failure: [{ request_put: { key: lane.key, value: stop, lease: lease.id } }],
      });
    } catch (cause) {
      throw outcomeUnknown(cause);
    }
    const [found] = answer.responses?.[0]?.response_range?.kvs ?? [];
    if (answer.succeeded && found) return this.#foundDone(lane, name, found);
    this.#giveBack(lane, stop);
    return undefined;
  }

  #foundDone(lane: Lane, name: string, found: KeyValue): Committed {
    this.#recovered += 1;
    this.#giveBack(lane, name);
    return { state: "done", revision: revisionOf(found.mod_revision), responses: undefined };
  }

  #takeLane(): Lane {
    const now = clock.monotonic();
    for (let lane = this.#lanes.pop(); lane; lane = this.#lanes.pop()) {
      if (now - lane.usedMs < LANE_MS) return lane;
    }
    const name = randomHex(NAME_BYTES);
    return { name, key: this.#space.layout.lane(name), names: 0, last: undefined, usedMs: now };
  }

  #giveBack(lane: Lane, last: string | undefined = lane.last): void {
    lane.last = last;
    lane.usedMs = clock.monotonic();
    this.#lanes.push(lane);
  }
}

/** A name that no other transaction of the lane has, as base64. */
function nextName(lane: Lane): string {
  lane.names += 1;
  return textToBase64(String(lane.names));
}

/**
 * The client's side: calls that survive the owner. What has no answer yet is sent again to the next owner, in the same
 * order. The file is long because sending calls, sending them again and ending them work on the same queues.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import { type Deferred, deferred, onAbort } from "../promises.ts";
import type { Call } from "./calls.ts";
import { fromSent, type SentError } from "./errors.ts";
import { decodeFrame, encodeFrame, Kind, type Message } from "./frame.ts";
import type { Link } from "./link.ts";
import type { Join, Joined, Listener, LocalReads, OpenCall } from "./open_call.ts";
import type { OwnedStore } from "./owned_store.ts";
import { ownerLost } from "./owner_errors.ts";
import { type Once, WriteNumbers } from "./write_numbers.ts";

/** A call without an answer. */
interface Pending extends Deferred<unknown> {
  readonly id: number;
  readonly once: Once;
  call: Call;
  frame: Uint8Array;
  readonly listener: Listener | undefined;
  /** Whether nothing more of it comes from this side. */
  hasEnded: boolean;
}

/** The largest id of a call. */
const LAST_ID = 0xffffffff;
/** These stay open for long, and keep no process alive. */
const LASTING: ReadonlySet<string> = new Set(["snapshot", "follow"]);

/** The calls of one client. */
export class Client {
  readonly #join: Join;
  readonly #pending: Map<number, Pending> = new Map();
  /** Calls that wait, because a write before them waits: too many writes have no answer. */
  #unsent: Pending[] = [];
  readonly #numbers = new WriteNumbers();
  /** How many calls keep the process alive. */
  #busy = 0;
  #link: Link | undefined;
  /** What the link was told last. */
  #kept: { readonly link: Link | undefined; readonly isNeeded: boolean } = { link: undefined, isNeeded: false };
  /** The store, from the moment when this process owns it. */
  #owned: OwnedStore | undefined;
  #joining: Promise<void> | undefined;
  #failure: Error | undefined;
  #epoch: string | undefined;
  #lastId = 0;
  /** The newest version that an owner named. */
  version = 0;
  /** How many writes were begun. */
  begunWrites = 0;
  #local: OwnedStore | undefined;
  #isFenced: Joined["isFenced"];
  /** Whether new calls are refused. Those that were begun go on. */
  isClosing = false;
  /** What reads in this process, if it follows. */
  follower: LocalReads | undefined;
  /** Called with whether calls keep the process alive, also while there is no link. */
  busyChanged: ((isBusy: boolean) => void) | undefined;

  constructor(join: Join) {
    this.#join = join;
  }

  /** Joins an owner. Rejects if there is none. */
  async start(): Promise<void> {
    await this.#connect();
  }

  /**
   * The store, while this process is its owner, and no older call waits to be sent. If this process stood still so long
   * that another one took over, the store here is of the past.
   */
  get local(): OwnedStore | undefined {
    return this.#isFenced?.() ? undefined : this.#local;
  }

  /** The store to read in this process: its own, or its replica; `undefined` if the owner is to be asked. */
  get near(): OwnedStore | undefined {
    return this.local ?? this.follower?.store;
  }

  /** Whether this process is the owner, as far as it knows. */
  get isOwner(): boolean {
    return this.#owned !== undefined;
  }

  /** See traces.ts. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** Throws if the client is closed, or cannot reach a store any more. `action` is a verb for the message. */
  check(action: string): void {
    if (this.isClosing) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the store is closed`);
    const cause = this.#failure;
    if (!cause) return;
    throw new StoreError("STORE_FAILED", `Cannot ${action}: the store failed before: ${cause.message}`, { cause });
  }

  /** The result of a call. Rejects with the reason of the signal when that aborts; the owner then stops the call. */
  async call(call: Call, signal?: AbortSignal, once?: Once): Promise<unknown> {
    if (!signal) return await this.#start(call, undefined, once).promise;
    signal.throwIfAborted();
    const open = this.open(call, undefined, once);
    const aborted = deferred<never>();
    const release = onAbort(signal, () => {
      open.cancel();
      aborted.reject(signal.reason);
    });
    try {
      return await Promise.race([open.result, aborted.promise]);
    } finally {
      release();
    }
  }

  /** As {@linkcode Client.call}, for a write, which is done once. */
  async write(call: Call): Promise<unknown> {
    return await this.#start(call, undefined, "write").promise;
  }

  /** Begins a call that stays open. */
  open(call: Call, listener?: Listener, once?: Once): OpenCall {
    const pending = this.#start(call, listener, once);
    pending.promise.catch(() => {});
    const { id } = pending;
    return {
      id,
      result: pending.promise,
      send: (kind, body) => {
        if (kind === Kind.END) pending.hasEnded = true;
        this.send(kind, id, body);
      },
      cancel: () => this.#cancel(pending),
    };
  }

  /** Sends a message without an answer. Nothing sends it again. */
  send(kind: Kind, id: number, body: unknown): void {
    this.#link?.send(encodeFrame({ kind, id, body }));
  }

  /** Settles once all writes so far have their answer, but for transactions whose functions still run. */
  async drained(): Promise<void> {
    const writes = [...this.#pending.values(), ...this.#unsent].filter(
      ({ once, hasEnded }) => once === "write" || (once === "transaction" && hasEnded),
    );
    await Promise.allSettled(writes.map(({ promise }) => promise));
  }

  /** Ends the connection. Calls without an answer reject with the error. */
  close(error: Error): void {
    this.#fail(error);
    this.send(Kind.END, 0, undefined);
    this.#link?.end();
    this.#link = undefined;
  }

  /** Settles once no attempt to join goes on. */
  async joined(): Promise<void> {
    await this.#joining?.catch(() => {});
  }

  #start(call: Call, listener?: Listener, once?: Once): Pending {
    const id = this.#nextId();
    if (once) this.begunWrites += 1;
    // What reads a snapshot or a transaction does not wait behind writes: a transaction waits for its reads.
    const isNow = call.holder !== undefined || (this.#unsent.length === 0 && this.#numbers.has(once));
    const sent = isNow ? this.#numbered(call, once) : call;
    // The arguments are copied now: the caller may change them.
    const frame = this.#encoded(id, sent, once);
    const pending: Pending = { id, once, call: sent, frame, listener, hasEnded: false, ...deferred<unknown>() };
    if (this.#failure) pending.reject(this.#failure);
    else if (isNow) this.#begin(pending);
    else this.#unsent.push(pending);
    this.#setLocal();
    return pending;
  }

  /** Sends what may be sent, in the order of the calls. A transaction that must wait holds up no other call. */
  #pump(): void {
    for (let at = 0; at < this.#unsent.length; ) {
      const next = this.#unsent[at] as Pending;
      if (this.#numbers.has(next.once)) {
        this.#unsent.splice(at, 1);
        this.#begin(this.#renumbered(next));
      } else if (next.once === "transaction" && !this.#numbers.areFull) at += 1;
      else break;
    }
    this.#setLocal();
    this.#keepAlive();
  }

  /** Calls go past the link only if none waits to be sent: they keep their order. */
  #setLocal(): void {
    this.#local = this.#unsent.length === 0 ? this.#owned : undefined;
  }

  #begin(pending: Pending): void {
    const { id, call, frame } = pending;
    if (!LASTING.has(call.method)) this.#busy += 1;
    this.#pending.set(id, pending);
    this.#link?.send(frame);
    this.#keepAlive();
  }

  /** The process lives while calls have no answer. */
  #keepAlive(): void {
    const isNeeded = this.#busy > 0;
    this.busyChanged?.(isNeeded);
    if (this.#link === this.#kept.link && isNeeded === this.#kept.isNeeded) return;
    this.#kept = { link: this.#link, isNeeded };
    this.#link?.keepAlive(isNeeded);
  }

  /** The call with a number, if it is done once. */
  #numbered(call: Call, once: Once): Call {
    return once === undefined || this.#failure ? call : { ...call, sequence: this.#numbers.take(once) };
  }

  /** A call that waited gets its number late. Its arguments are those of its frame: the caller may have changed them. */
  #renumbered(pending: Pending): Pending {
    if (pending.once === undefined) return pending;
    const { body } = decodeFrame(pending.frame);
    pending.call = this.#numbered(body as Call, pending.once);
    pending.frame = this.#encoded(pending.id, pending.call, pending.once);
    return pending;
  }

  /** Throws `DataCloneError` or `RangeError` for arguments that cannot be sent. */
  #encoded(id: number, call: Call, once: Once): Uint8Array {
    try {
      return encodeFrame({ kind: Kind.CALL, id, body: call });
    } catch (error) {
      if (call.sequence !== undefined) this.#numbers.free(call.sequence, once);
      throw error;
    }
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % LAST_ID) + 1;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #cancel(pending: Pending): void {
    const at = this.#unsent.indexOf(pending);
    if (at >= 0) this.#unsent.splice(at, 1);
    else if (this.#pending.has(pending.id)) this.send(Kind.CANCEL, pending.id, undefined);
    this.#end(pending);
  }

  #end(pending: Pending): void {
    if (!this.#pending.delete(pending.id)) return;
    const { once, call } = pending;
    if (call.sequence !== undefined) this.#numbers.free(call.sequence, once);
    if (!LASTING.has(call.method)) this.#busy -= 1;
    this.#pump();
  }

  #connect(): Promise<void> {
    this.#joining ??= this.#joined().finally(() => {
      this.#joining = undefined;
    });
    return this.#joining;
  }

  async #joined(): Promise<void> {
    const receiver = { received: (message: Message) => this.#received(message), ended: () => this.#lost() };
    try {
      const { link, version, local, isFenced, epoch, wereLost } = await this.#join(receiver);
      if (this.#failure) {
        link.end();
        return;
      }
      if (wereLost || (this.#epoch !== undefined && this.#epoch !== epoch)) this.#dropWrites();
      this.#epoch = epoch;
      this.version = Math.max(this.version, version);
      this.#link = link;
      this.#owned = local;
      this.#isFenced = isFenced;
      for (const pending of [...this.#pending.values()]) this.#sendAgain(pending);
      this.#pump();
      this.follower?.joined();
    } catch (error) {
      this.#fail(error as Error);
      throw error;
    }
  }

  /** No record tells whether the writes that were sent are done. */
  #dropWrites(): void {
    for (const pending of [...this.#pending.values()].filter(({ call }) => call.sequence !== undefined)) {
      this.#end(pending);
      pending.reject(ownerLost(pending.call.method, "it may be done or not: the store was in other hands meanwhile"));
    }
  }

  #sendAgain(pending: Pending): void {
    const { id, listener } = pending;
    try {
      const call = listener?.again ? listener.again(pending.call) : pending.call;
      if (!call) {
        this.#end(pending);
        pending.resolve(undefined);
        return;
      }
      if (call !== pending.call) {
        pending.call = call;
        pending.frame = encodeFrame({ kind: Kind.CALL, id, body: call });
      }
      this.#link?.send(pending.frame);
    } catch (error) {
      this.#end(pending);
      pending.reject(error);
    }
  }

  #lost(): void {
    this.#link = undefined;
    this.#local = this.#owned = undefined;
    if (!this.#failure) this.#connect().catch(() => {});
  }

  #received({ kind, id, body }: Message): void {
    const pending = this.#pending.get(id);
    if (kind === Kind.ITEMS || kind === Kind.CREDIT) pending?.listener?.piece(body);
    else if (kind === Kind.ANSWER || kind === Kind.FAILURE) this.#answered(pending, kind, body);
  }

  #answered(pending: Pending | undefined, kind: Kind, body: unknown): void {
    const [version, result] = body as [number, unknown];
    this.version = Math.max(this.version, version);
    if (!pending) return;
    this.#end(pending);
    if (kind === Kind.FAILURE) pending.reject(fromSent(result as SentError));
    else this.#resolve(pending, version, result);
  }

  /** A follower gets an answer once its reads find what that tells of. A fork comes before all reads. */
  #resolve({ call, resolve }: Pending, version: number, result: unknown): void {
    const isFound = call.holder !== undefined || call.method === "fork";
    const reached = isFound ? undefined : this.follower?.reached(version);
    if (reached) void this.#resolveLater(reached, () => resolve(result));
    else resolve(result);
  }

  async #resolveLater(reached: Promise<void>, resolve: () => void): Promise<void> {
    this.#busy += 1;
    this.#keepAlive();
    await reached;
    this.#busy -= 1;
    this.#keepAlive();
    resolve();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of [...this.#pending.values(), ...this.#unsent]) reject(this.#failure);
    this.#pending.clear();
    this.#unsent = [];
  }
}

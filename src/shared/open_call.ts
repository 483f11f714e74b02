/**
 * What a client gets when it joins, and how calls are used that stay open.
 *
 * @module
 */

import type { Call } from "./calls.ts";
import type { Kind } from "./frame.ts";
import type { Link, Receiver } from "./link.ts";
import type { OwnedStore } from "./owned_store.ts";

/** A link to an owner that has greeted the client. */
export interface Joined {
  readonly link: Link;
  /** The version of the store when the client joined. */
  readonly version: number;
  /** See traces.ts. */
  readonly epoch: string;
  /** Whether the records of this client were removed, for example because it stood still for minutes. */
  readonly wereLost: boolean;
  /** The store, if this process is its owner. */
  readonly local: OwnedStore | undefined;
  /** Whether another process has taken the store over from this one. Only an owner can lose it without knowing. */
  readonly isFenced?: (() => boolean) | undefined;
}

/** What reads in a process that follows: see follower.ts. */
export interface LocalReads {
  /** The replica; `undefined` while there is none. */
  readonly store: OwnedStore | undefined;
  /** Settles once reads find a version; `undefined` if they do. */
  reached(version: number): Promise<void> | undefined;
  /** Called after the client has joined. */
  joined(): void;
}

/** Finds an owner, or becomes it. `receiver` gets what the owner sends. Rejects if there is no way to a store. */
export type Join = (receiver: Receiver) => Promise<Joined>;

/** What a caller of {@linkcode Client.open} does with what comes. */
export interface Listener {
  /** Called with each piece. */
  piece(body: unknown): void;
  /**
   * Called before the call is sent to another owner: returns the call to send instead, or `undefined` if nothing is
   * left of it. Throws if the call cannot go on.
   */
  again?(call: Call): Call | undefined;
}

/** An open call. */
export interface OpenCall {
  readonly id: number;
  /** Settles with the result of the call. */
  readonly result: Promise<unknown>;
  /** Sends a message that belongs to the call. */
  send(kind: Kind, body?: unknown): void;
  /** Ends the call. Its result does not matter any more. */
  cancel(): void;
}

/**
 * A connection as the protocol sees it: messages in both directions, in order, and an end.
 *
 * @module
 */

import type { encodeFrame, Message } from "./frame.ts";

/** What comes over a link. Both functions may be called from inside `send`. */
export interface Receiver {
  /** A message, in the order in which the other side sent them. If it throws, the link ends with that error. */
  received(message: Message): void;
  /** The end, once: nothing comes after it. `error` says why if the other side did not end it. */
  ended(error: Error | undefined): void;
}

/** One side of a connection. */
export interface Link {
  /** Sends a frame: see {@linkcode encodeFrame}. Does nothing after the end. The bytes must not change any more. */
  send(frame: Uint8Array): void;
  /** How many bytes wait until the other side takes them. */
  readonly queuedBytes: number;
  /** Settles once none wait any more, or the link has ended. */
  drained(): Promise<void>;
  /** Stops taking what the other side sends, or goes on. The other side then waits. */
  pause(isPaused: boolean): void;
  /** Whether the link keeps the process alive. */
  keepAlive(isNeeded: boolean): void;
  /** Sends what waits, and ends the link. */
  end(): void;
  /** Ends the link at once. */
  destroy(error?: Error): void;
}

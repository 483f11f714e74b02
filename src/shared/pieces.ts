/**
 * A stream of pieces at the client.
 *
 * @module
 */

import { type Deferred, deferred } from "../promises.ts";
import type { Call } from "./calls.ts";
import type { Client } from "./client.ts";
import { Kind } from "./frame.ts";
import type { OpenCall } from "./open_call.ts";

/** How a stream goes on at another owner. */
export interface Continued<P> {
  /** Called with each piece when it comes, before the caller gets it. */
  arrived(piece: P): void;
  /** The call that brings what comes after the pieces that have arrived; `undefined` if nothing does. */
  again(call: Call): Call | undefined;
}

/** The pieces of one call, in their order. While the caller uses one, the next one is on its way. */
export class Pieces<P> {
  readonly #pieces: P[] = [];
  readonly #open: OpenCall;
  #waiting: Deferred<void> | undefined;
  #isOver = false;
  #error: unknown;
  /** How many pieces the owner may still send. */
  #credit = 1;

  constructor(client: Client, call: Call, { arrived, again }: Continued<P>) {
    this.#open = client.open(call, {
      piece: (body) => {
        this.#credit -= 1;
        arrived(body as P);
        this.#pieces.push(body as P);
        this.#wake();
      },
      again: (before) => {
        this.#credit = this.#pieces.length > 0 ? 0 : 1;
        return again(before);
      },
    });
    const end = (error?: unknown) => {
      [this.#isOver, this.#error] = [true, error];
      this.#wake();
    };
    this.#open.result.then(() => end(), end);
  }

  /** The next piece; `undefined` at the end. Rejects as the call does. */
  async next(): Promise<P | undefined> {
    while (this.#pieces.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isOver) return undefined;
      this.#ask();
      this.#waiting ??= deferred<void>();
      await this.#waiting.promise;
    }
    const piece = this.#pieces.shift();
    this.#ask();
    return piece;
  }

  /** Ends the stream. */
  cancel(): void {
    this.#isOver = true;
    this.#pieces.length = 0;
    this.#open.cancel();
    this.#wake();
  }

  /** Asks for one piece ahead of the caller. */
  #ask(): void {
    if (this.#credit > 0 || this.#pieces.length > 0 || this.#isOver) return;
    this.#credit += 1;
    this.#open.send(Kind.CREDIT, 1);
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}

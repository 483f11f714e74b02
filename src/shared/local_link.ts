/**
 * A link inside one process: frames are passed on as they are. The owner of a store is its own client by it.
 *
 * @module
 */

import { queueMicrotask } from "../clock.ts";
import { decodeFrame, type Message } from "./frame.ts";
import type { Link, Receiver } from "./link.ts";

/**
 * The ends of one link. The owner gets what the client sends at once, so that calls begin in the order in which they are
 * made, also beside those that go to the store itself. The client gets the answers in a later microtask.
 */
export function localLinks(): [client: LocalLink, owner: LocalLink] {
  const [first, second] = [new LocalLink(true), new LocalLink(false)];
  first.other = second;
  second.other = first;
  return [first, second];
}

/** One end. */
export class LocalLink implements Link {
  /** Set by the maker of the link, before the first message. */
  receiver: Receiver | undefined;
  other: LocalLink | undefined;
  readonly queuedBytes = 0;
  readonly #isDirect: boolean;
  #hasEnded = false;
  #isPaused = false;
  #waiting: Message[] = [];

  constructor(isDirect: boolean) {
    this.#isDirect = isDirect;
  }

  send(frame: Uint8Array): void {
    if (this.#hasEnded) return;
    if (this.#isDirect) this.other?.take(decodeFrame(frame));
    else queueMicrotask(() => this.other?.take(decodeFrame(frame)));
  }

  /** Takes a message of the other end. */
  take(message: Message): void {
    if (this.#isPaused) this.#waiting.push(message);
    else if (!this.#hasEnded) this.#receive(message);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) return;
    for (const message of this.#waiting.splice(0)) this.take(message);
  }

  keepAlive(): void {}

  end(): void {
    this.destroy();
  }

  destroy(error?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    queueMicrotask(() => {
      this.receiver?.ended(error);
      this.other?.destroy();
    });
  }

  #receive(message: Message): void {
    try {
      this.receiver?.received(message);
    } catch (error) {
      this.destroy(error as Error);
    }
  }
}

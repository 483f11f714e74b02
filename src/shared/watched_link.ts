/**
 * A link whose owner may stand still: while calls wait and nothing comes, it looks for another way.
 *
 * @module
 */

import { clearInterval, setInterval, type Timer } from "../clock.ts";
import type { Message } from "./frame.ts";
import type { Link, Receiver } from "./link.ts";

const LOOK_MS = 500;
/** The first look comes after so many times {@linkcode LOOK_MS} of silence. */
const SILENT_LOOKS = 2;

/** The client's side of a connection to another process. */
export class WatchedLink implements Link {
  /** Set at once by the maker, which needs the receiver for it. */
  link: Link | undefined;
  /** Whether there is another way to the store. Called again and again. */
  readonly #look: () => Promise<boolean>;
  #timer: Timer | undefined;
  #hasHeard = false;
  #silentLooks = 0;
  #isWaiting = false;
  #hasEnded = false;

  constructor(look: () => Promise<boolean>) {
    this.#look = look;
  }

  /** The receiver for the link, which passes everything on. */
  receiver({ received, ended }: Receiver): Receiver {
    return {
      received: (message: Message) => {
        this.#hasHeard = true;
        received(message);
      },
      ended: (error) => {
        this.#hasEnded = true;
        this.#wait(false);
        ended(error);
      },
    };
  }

  /** Whether calls wait for an answer. */
  #wait(isWaiting: boolean): void {
    this.#isWaiting = isWaiting && !this.#hasEnded;
    if (this.#timer === undefined && this.#isWaiting) {
      [this.#hasHeard, this.#silentLooks] = [false, 0];
      this.#timer = setInterval(() => this.#tick(), LOOK_MS);
      this.#timer.unref();
    }
    if (this.#hasEnded) this.#stop();
  }

  /** Runs while calls wait, and once after that: so a busy link has one timer, and an idle one none. */
  #tick(): void {
    if (!this.#isWaiting) {
      this.#stop();
      return;
    }
    this.#silentLooks = this.#hasHeard ? 0 : this.#silentLooks + 1;
    this.#hasHeard = false;
    if (this.#silentLooks < SILENT_LOOKS) return;
    this.#look().then(
      (hasOther) => {
        // What came meanwhile shows that the owner goes on.
        if (hasOther && !this.#hasHeard) this.destroy();
      },
      (error: Error) => this.destroy(error),
    );
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  get queuedBytes(): number {
    return this.link?.queuedBytes ?? 0;
  }

  send(frame: Uint8Array): void {
    this.link?.send(frame);
  }

  drained(): Promise<void> {
    return this.link?.drained() ?? Promise.resolve();
  }

  pause(isPaused: boolean): void {
    this.link?.pause(isPaused);
  }

  keepAlive(isNeeded: boolean): void {
    this.#wait(isNeeded);
    this.link?.keepAlive(isNeeded);
  }

  end(): void {
    this.#wait(false);
    this.link?.end();
  }

  destroy(error?: Error): void {
    this.link?.destroy(error);
  }
}

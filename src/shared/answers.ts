/**
 * When answers are sent: once all commits that they may tell of survive the end of the process.
 *
 * @module
 */

import { queueMicrotask } from "../clock.ts";
import { type Deferred, deferred } from "../promises.ts";
import type { OwnedStore } from "./owned_store.ts";

/** The answers of one client. Those that are ready in the same turn wait together. */
export class Answers {
  readonly #store: Pick<OwnedStore, "written">;
  #gathering: Deferred<void> | undefined;

  constructor(store: Pick<OwnedStore, "written">) {
    this.#store = store;
  }

  /** Settles once all commits so far are written to the operating system. */
  ready(): Promise<void> {
    if (!this.#gathering) {
      this.#gathering = deferred<void>();
      queueMicrotask(() => this.#write());
    }
    return this.#gathering.promise;
  }

  async #write(): Promise<void> {
    const group = this.#gathering;
    this.#gathering = undefined;
    try {
      await this.#store.written();
      group?.resolve();
    } catch (error) {
      group?.reject(error);
    }
  }
}

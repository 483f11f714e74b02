/**
 * Backups of a simulated store: a full one and its increments. Each is restored to a copy and compared.
 *
 * @module
 */

import { MemoryStore, type SledStore, StoreError } from "../../../mod.ts";
import { CrashFault, isSame, type Model } from "./history.ts";

/** The copy that receives all backups of one life, one after another. */
export class BackupChain {
  #copy: MemoryStore | undefined;

  /** Backs the store up, with an increment if its history allows, and compares the content of the copy. */
  async add(store: SledStore, model: Model, nowMs: number): Promise<void> {
    const { version } = store;
    await this.#restore(store);
    const copy = this.#copy;
    if (copy?.version !== version) throw new CrashFault("wrong", `a backup of ${version} restored to ${copy?.version}`);
    if (!isSame(Array.from(copy.entries()), model, nowMs)) {
      throw new CrashFault("wrong", `a backup of ${version} has other entries than the store had`);
    }
  }

  async #restore(store: SledStore): Promise<void> {
    try {
      if (this.#copy) {
        await this.#copy.restore(store.backup({ since: this.#copy.version }));
        return;
      }
    } catch (error) {
      // The store has forgotten deletions that it did not need any more. Then there is no increment.
      if (!(error instanceof StoreError && error.code === "VERSION_GONE")) throw error;
    }
    this.#copy = new MemoryStore();
    await this.#copy.restore(store.backup());
  }
}

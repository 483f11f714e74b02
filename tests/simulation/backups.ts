/**
 * Backups of a simulated store: a full one and its increments, each restored to a copy and compared.
 *
 * @module
 */

import { MemoryStore, type SledStore, StoreError } from "../../mod.ts";
import { CrashFault, type Model } from "./history.ts";

/** The copy that the backups of one life are restored to, one after another. */
export class BackupChain {
  #copy: MemoryStore | undefined;

  /** Backs the store up, an increment where its history allows, and compares what the copy holds then. */
  async add(store: SledStore, model: Model, nowMs: number): Promise<void> {
    const { version } = store;
    await this.#restore(store);
    const copy = this.#copy;
    if (copy?.version !== version) throw new CrashFault("wrong", `a backup of ${version} restored to ${copy?.version}`);
    const expected = [...model].filter(([, [newest]]) => {
      return newest?.value !== undefined && (newest.expiresMs === 0 || newest.expiresMs > nowMs);
    });
    if (copy.countSync() !== expected.length) {
      throw new CrashFault("wrong", `a backup of ${version} has ${copy.countSync()} entries of ${expected.length}`);
    }
    for (const [key, [newest]] of expected) {
      const restored = copy.getSync(key);
      if (!restored || !newest?.value || Buffer.compare(restored, newest.value) !== 0) {
        throw new CrashFault("wrong", `a backup of ${version} has another value of '${key}'`);
      }
    }
  }

  async #restore(store: SledStore): Promise<void> {
    try {
      if (this.#copy) {
        await this.#copy.restore(store.backup({ since: this.#copy.version }));
        return;
      }
    } catch (error) {
      // Deletions that nobody needed any more are forgotten: then there is no increment.
      if (!(error instanceof StoreError && error.code === "VERSION_GONE")) throw error;
    }
    this.#copy = new MemoryStore();
    await this.#copy.restore(store.backup());
  }
}

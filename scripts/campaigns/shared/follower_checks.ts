/**
 * What reads of a follower must find, although they may be of the past.
 *
 * @module
 */

import type { SharedStore } from "../../../mod.ts";
import { ACCOUNTS, FIRST_BALANCE } from "./operations.ts";

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

/** The reads of one follower. A check that fails rejects with an `Error`. */
export class FollowerChecks {
  readonly #store: SharedStore;
  /** The newest version of each key that a read has found. */
  readonly #seen: Map<string, number> = new Map();

  constructor(store: SharedStore) {
    this.#store = store;
  }

  /** Reads a key: never an older version than before. */
  async look(key: string): Promise<string | null> {
    const before = this.#seen.get(key) ?? 0;
    const entry = await this.#store.getEntry(key);
    const version = entry?.version ?? 0;
    if (version < before) throw new Error(`${key} has version ${version}, and had ${before} before`);
    this.#seen.set(key, Math.max(version, this.#seen.get(key) ?? 0));
    return text(entry?.value) ?? null;
  }

  /** Puts, and finds that, or what was written after it. */
  async put(key: string, value: string): Promise<void> {
    const before = (await this.#store.getEntry(key))?.version ?? 0;
    await this.#store.put(key, value);
    const { version = 0 } = (await this.#store.getEntry(key)) ?? {};
    if (version <= before) throw new Error(`${key} has version ${version} after a put, and had ${before} before it`);
  }

  /** Of each transaction, which moves something between two accounts, all is there or nothing. */
  async sum(): Promise<void> {
    using snapshot = this.#store.snapshot();
    const keys = Array.from({ length: ACCOUNTS }, (_, i) => `account ${i}`);
    let sum = 0;
    try {
      for (const bytes of await snapshot.getMany(keys)) sum += Number(text(bytes) ?? FIRST_BALANCE);
    } catch (error) {
      // Without a replica it is a snapshot of the owner, which may have ended, also before it said the version.
      if (["VERSION_GONE", "OWNER_LOST"].includes((error as { code?: string }).code ?? "")) return;
      throw error;
    }
    if (sum !== ACCOUNTS * FIRST_BALANCE) throw new Error(`the accounts have ${sum} in a snapshot`);
  }
}

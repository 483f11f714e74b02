/**
 * What an adapter works on: a store that it opens and closes itself, or an open store of the caller.
 *
 * @module
 */

import { open, StoreError } from "../../mod.ts";
import type { SledStoreConfig } from "../api/config.ts";
import type { Store } from "../api/store.ts";
import { isUrl } from "./realm.ts";

/**
 * A path or a config, which the adapter opens and closes; or an open store, or a part of one, which it leaves open.
 */
export type Target = string | URL | SledStoreConfig | Store;

/** A store in use. */
export interface Held {
  readonly store: Store;
  /** Closes a store that the adapter opened. For a store of the caller, makes its writes durable. */
  release(): Promise<void>;
}

/** Whether a target is an open store. */
export function isStore(target: Target): target is Store {
  return typeof target === "object" && "getSync" in target && typeof target.getSync === "function";
}

/** The config of a target that is not open. */
export function configOf(target: string | URL | SledStoreConfig): SledStoreConfig {
  return typeof target === "string" || isUrl(target) ? { path: target } : target;
}

/** Opens the target if it is not open. A config that does not say otherwise gets `syncWrites: false`. */
export async function hold(target: Target): Promise<Held> {
  if (isStore(target)) return { store: target, release: () => target.flush() };
  const store = await open({ syncWrites: false, ...configOf(target) });
  return { store, release: () => store.close() };
}

/** A store that is opened at its first use. */
export class LazyStore {
  readonly #target: Target;
  #held: Promise<Held> | undefined;
  #isClosed = false;

  /** Throws `TypeError` unless `target` can be opened, or is open. */
  constructor(target: Target) {
    if (!target || !["string", "object"].includes(typeof target)) {
      throw new TypeError(`Cannot open ${String(target)}: expected a path, a URL, a config or an open store`);
    }
    this.#target = target;
  }

  /** The open store. Rejects if it cannot be opened, and tries again at the next call. */
  async use(): Promise<Store> {
    if (this.#isClosed) throw new StoreError("STORE_CLOSED", "Cannot use the store: it was closed");
    this.#held ??= hold(this.#target);
    try {
      return (await this.#held).store;
    } catch (error) {
      this.#held = undefined;
      throw error;
    }
  }

  /** Ends the use. Closes the store if it was opened here. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const held = this.#held;
    this.#held = undefined;
    await (await held)?.release();
  }
}

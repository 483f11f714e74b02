/**
 * What an adapter works on: a store that it opens and closes itself, or an open store of the caller.
 *
 * @module
 */

import { open, StoreError } from "../../mod.ts";
import type { AsyncStore } from "../api/async_store.ts";
import type { SledStoreConfig } from "../api/config.ts";
import type { Store } from "../api/store.ts";
import { isUrl } from "./realm.ts";

/**
 * A path or a config, which the adapter opens and closes; or an open store, or a part of one, which it leaves open.
 */
export type Target = string | URL | SledStoreConfig | Store;

/** The same for an adapter that only awaits: the store may also be on a server. */
export type AsyncTarget = Target | AsyncStore;

/** A store in use. */
export interface Held<S extends AsyncStore = AsyncStore> {
  readonly store: S;
  /** Closes a store that the adapter opened. For a store of the caller, makes its writes durable. */
  release(): Promise<void>;
}

/** Whether a target is an open store. */
export function isStore(target: Target): target is Store {
  return typeof target === "object" && "getSync" in target && typeof target.getSync === "function";
}

/** As {@linkcode isStore}, for a store that may be on a server. */
export function isAsyncStore(target: AsyncTarget): target is AsyncStore {
  return typeof target === "object" && "compareAndSet" in target && typeof target.compareAndSet === "function";
}

/** The config of a target that is not open. */
export function configOf(target: string | URL | SledStoreConfig): SledStoreConfig {
  return typeof target === "string" || isUrl(target) ? { path: target } : target;
}

/** Opens the target if it is not open. A config that does not say otherwise gets `syncWrites: false`. */
export async function hold(target: Target): Promise<Held<Store>>;
export async function hold(target: AsyncTarget): Promise<Held>;
export async function hold(target: AsyncTarget): Promise<Held> {
  if (isAsyncStore(target)) return { store: target, release: () => target.flush() };
  const store = await open({ syncWrites: false, ...configOf(target) });
  return { store, release: () => store.close() };
}

/** A store that is opened at its first use. */
export class LazyStore {
  readonly #target: AsyncTarget;
  #held: Promise<Held> | undefined;
  #isClosed = false;

  /** Throws `TypeError` unless `target` can be opened, or is open. */
  constructor(target: AsyncTarget) {
    if (!target || !["string", "object"].includes(typeof target)) {
      throw new TypeError(`Cannot open ${String(target)}: expected a path, a URL, a config or an open store`);
    }
    this.#target = target;
  }

  /** The open store. Rejects if it cannot be opened, and tries again at the next call. */
  async use(): Promise<AsyncStore> {
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

/**
 * What an adapter works on: a store that it opens and closes itself, or an open store of the caller.
 *
 * @module
 */

import { open } from "../../mod.ts";
import type { SledStoreConfig } from "../api/config.ts";
import type { Store } from "../api/store.ts";

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
  return typeof target === "string" || target instanceof URL ? { path: target } : target;
}

/** Opens the target if it is not open. `defaults` hold for what a config does not say. */
export async function hold(target: Target, defaults: Omit<SledStoreConfig, "path"> = {}): Promise<Held> {
  if (isStore(target)) return { store: target, release: () => target.flush() };
  const store = await open({ ...defaults, ...configOf(target) });
  return { store, release: () => store.close() };
}

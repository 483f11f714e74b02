/**
 * The store of a command: one that the command has opened alone, or one that other processes share.
 *
 * @module
 */

import type { SharedStore, SledStore, StoreMetrics } from "../../mod.ts";

/** See the module. */
export type CliStore = SledStore | SharedStore;

/** Whether other processes may have the store open. */
export function isShared(store: CliStore): store is SharedStore {
  return "role" in store;
}

/** The metrics of the process that has the files. */
export async function metricsOf(store: CliStore): Promise<StoreMetrics> {
  return isShared(store) ? await store.ownerMetrics() : store.metrics();
}

/**
 * How a test of a store that one only awaits is defined.
 *
 * @module
 */

import type { AsyncStore } from "../../mod.ts";

/** Defines one test with a fresh, empty store. */
export type AsyncCheck = (what: string, use: (store: AsyncStore) => Promise<void>) => unknown;

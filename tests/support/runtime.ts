/**
 * The runtime that runs the tests.
 *
 * @module
 */

import type { Runtime } from "../../scripts/lib/runtimes.ts";

/** Its name. */
export const RUNTIME: Runtime = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";

/**
 * Tests that run every runtime themselves, or none, and so need to run only once.
 *
 * @module
 */

import { test } from "node:test";

/** As `test`, but skipped on Bun and Deno: what it starts is the same there. */
export const nodeTest: typeof test | typeof test.skip = "Bun" in globalThis || "Deno" in globalThis ? test.skip : test;

/**
 * Tests that need to run only once, because they start the runtimes themselves, or use none.
 *
 * @module
 */

import { test } from "node:test";

/** As `test`, but skipped on Bun and Deno, where it would do the same. */
export const nodeTest: typeof test | typeof test.skip = "Bun" in globalThis || "Deno" in globalThis ? test.skip : test;

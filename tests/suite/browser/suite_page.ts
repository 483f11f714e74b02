/**
 * A page, or a worker of it, that runs the suite of stores on the `MemoryStore` of the package. `browser.test.ts` bundles it.
 *
 * @module
 */

import { MemoryStore } from "../../../mod.ts";
import { storeSuite } from "../store_suite.ts";
import { runAll } from "./runner.ts";

/** A subclass of `Uint8Array`, as Node's `Buffer` is. One test gives such arrays to a store. */
class Bytes extends Uint8Array {}
Object.assign(globalThis, { Buffer: { from: (text: string) => new Bytes(new TextEncoder().encode(text)) } });

storeSuite("MemoryStore", async (use) => {
  await using store = new MemoryStore();
  await use(store);
});

const outcome = await runAll();
if (typeof document === "undefined") postMessage(outcome);
else Object.assign(globalThis, { outcome });

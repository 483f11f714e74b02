/**
 * Code that takes a `Store` is tested with a `MemoryStore`: no directory, no clean-up.
 *
 * ```sh
 * deno run examples/testing.ts
 * ```
 *
 * In a project of your own, import from "@luge/luge".
 *
 * @module
 */

import assert from "node:assert/strict";
import { MemoryStore, type Store } from "../mod.ts";

/** What is tested: remembers who follows whom. */
class Followers {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  follow(who: string, whom: string): Promise<void> {
    return this.#store.put(`follows/${whom}/${who}`, "");
  }

  async of(whom: string): Promise<string[]> {
    const prefix = `follows/${whom}/`;
    return Array.from((await this.#store.scan(prefix)).keys(), (key) => key.slice(prefix.length));
  }
}

await using store = new MemoryStore();
const followers = new Followers(store);
await followers.follow("grace", "ada");
await followers.follow("alan", "ada");
await followers.follow("ada", "alan");

assert.deepEqual(await followers.of("ada"), ["alan", "grace"]);
assert.deepEqual(await followers.of("grace"), []);
console.log("passed");

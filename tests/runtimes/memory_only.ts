/**
 * Imports the whole module and uses the parts that need no disk.
 *
 * @module
 */

import { MemoryStore, open } from "../../mod.ts";

if (typeof open !== "function") throw new Error("no open");
const store = new MemoryStore();
await store.put("key", "value");
console.log(new TextDecoder().decode(await store.get("key")));
await store.close();

/**
 * A process that opens a store, prints a line, and keeps the store open: see `kernel_lock.test.ts`.
 *
 * @module
 */

import { delay } from "@std/async";
import { open } from "../../mod.ts";

await using store = await open(Deno.args[0] ?? "");
await store.put("owner", `${Deno.pid}`);
console.log("open");
await delay(600_000);

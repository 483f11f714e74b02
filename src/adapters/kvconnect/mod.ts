/**
 * A server of the KV Connect protocol, for clients such as `Deno.openKv("http://…")`.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { kvConnect } from "@luge/luge/kvconnect";
 * import assert from "node:assert/strict";
 *
 * const handler = kvConnect(new MemoryStore(), { token: "a-long-secret" });
 * assert.equal((await handler(new Request("http://127.0.0.1/"))).status, 401);
 * ```
 *
 * @module
 */

export { type KvConnectOptions, kvConnect } from "./handler.ts";

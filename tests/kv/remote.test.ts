/**
 * Deno's own client of KV Connect against luge: on Deno the cases run once more, over HTTP. On each runtime the command
 * `luge kv serve` serves such a client.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { MemoryStore } from "../../mod.ts";
import { binary, launcher, ROOT } from "../../scripts/lib/runtimes.ts";
import type { Kv, KvU64 } from "../../src/adapters/kv/mod.ts";
import { openKv } from "../../src/adapters/kv/mod.ts";
import { kvConnect } from "../../src/adapters/kvconnect/mod.ts";
import { RUNTIME } from "../support/runtime.ts";
import { withDirectory } from "../support/temporary.ts";
import { atomicCases } from "./cases/atomic.ts";
import { closingCases } from "./cases/closing.ts";
import { entryCases } from "./cases/entries.ts";
import { keyCases } from "./cases/keys.ts";
import { listCases } from "./cases/lists.ts";
import { watchCases } from "./cases/watches.ts";
import type { Cases } from "./subject.ts";

const TOKEN = "the-access-token";

/** What Deno has, and this test needs. */
interface DenoNames {
  readonly openKv: (address: string) => Promise<Kv>;
  readonly KvU64: typeof KvU64;
  readonly env: { set(name: string, value: string): void };
  serve(
    options: { port: number; hostname: string; onListen: () => void },
    handler: (request: Request) => Promise<Response>,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
}

const NOT_REMOTE = [
  // The errors of a server have no class of their own in Deno's client.
  "arithmetic needs integers of 64 bits",
  "a sum of numbers and of bigints",
  // The connection has room for many changes.
  "changes that are not read yet become one",
];

const CASES: Cases = { ...entryCases, ...keyCases, ...atomicCases, ...listCases, ...watchCases, ...closingCases };

if (RUNTIME === "deno") {
  const { Deno } = globalThis as unknown as { Deno: DenoNames };
  describe("a database over KV Connect", () => {
    Deno.env.set("DENO_KV_ACCESS_TOKEN", TOKEN);
    for (const [title, run] of Object.entries(CASES).filter(([name]) => !NOT_REMOTE.includes(name))) {
      test(title, async () => {
        const servers: ReturnType<DenoNames["serve"]>[] = [];
        const open = async () => {
          const handler = kvConnect(new MemoryStore(), { token: TOKEN });
          const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler);
          servers.push(server);
          return await Deno.openKv(`http://127.0.0.1:${server.addr.port}`);
        };
        const kv = await open();
        try {
          await run(kv, { open, U64: Deno.KvU64 });
        } finally {
          kv[Symbol.dispose]();
          for (const server of servers) await server.shutdown();
        }
      });
    }
  });
}

/** A program on Deno. It prints what it finds. */
const CLIENT = `
const kv = await Deno.openKv(Deno.args[0]);
const shared = { a: 1 };
const sparse = [1, , 3];
await kv.set(["all"], [
  "hello \\0 ä 😀", 42.5, -5, -(2n ** 70n), true, undefined, null, new Date(1234), Uint8Array.of(1, 2).buffer,
  Float64Array.of(1.5, -2), [[1, "two"], sparse], { b: { c: [undefined] } }, new Map([["a", 1]]), new Set([1]),
  /ab+c/giu, new RangeError("far", { cause: 1 }), shared, shared, Object(1n),
]);
const local = await kv.get(["local"]);
const { ok } = await kv.atomic().check(local).set(["remote"], { at: new Date(7) }).sum(["count"], 2n).commit();
const seen = await kv.watch([["count"]]).getReader().read();
console.log(ok, local.value, seen.value[0].value.value);
kv.close();
`;

test("luge kv serve serves a program on Deno, and its store is that of openKv", () =>
  withDirectory(async (directory) => {
    const shop = join(directory, "shop");
    const token = "0123456789ab";
    {
      await using kv = await openKv(shop);
      await kv.set(["local"], Uint8Array.of(1, 2));
    }
    writeFileSync(join(directory, "client.ts"), CLIENT);
    writeFileSync(join(directory, "token"), `${token}\n`);
    const [command, flags] = launcher(RUNTIME);
    const main = [...flags, join(ROOT, "src", "cli", "main.ts")];
    const args = ["kv", "serve", shop, "--listen", "127.0.0.1:0", "--token-file", join(directory, "token")];
    const server = spawn(command, [...main, ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    const address = (await lines.next()).value ?? "";
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    try {
      const env = { ...process.env, DENO_KV_ACCESS_TOKEN: token, NO_COLOR: "1" };
      const options = ["run", "--no-check", "--no-config", "--allow-all", "--unstable-kv"];
      const client = spawn(binary("deno"), [...options, join(directory, "client.ts"), address], { env });
      let output = "";
      for (const stream of [client.stdout, client.stderr]) stream.on("data", (chunk) => (output += chunk));
      await once(client, "close");
      assert.equal(output.trim(), "true Uint8Array(2) [ 1, 2 ] 2n");
      const wrong = await fetch(address, { method: "POST", headers: { authorization: "Bearer 0123456789ax" } });
      assert.deepEqual([wrong.status, await wrong.text()], [401, "The access token is missing or wrong"]);
    } finally {
      server.kill("SIGINT");
    }
    await once(server, "close");
    await using kv = await openKv(shop);
    assert.equal((await kv.get<KvU64>(["count"])).value?.value, 2n);
    // Bun has no reader of V8's format.
    if (RUNTIME === "bun") await assert.rejects(kv.get(["remote"]), /V8's format/);
    else {
      assert.deepEqual((await kv.get(["remote"])).value, { at: new Date(7) });
      checkAll((await kv.get<unknown[]>(["all"])).value ?? []);
    }
  }));

/** Checks the values that the client wrote. */
function checkAll(values: readonly unknown[]): void {
  const sparse = [1, undefined, 3];
  delete sparse[1];
  const shared = { a: 1 };
  const error = values[15] as RangeError;
  assert.ok(error instanceof RangeError);
  assert.deepEqual([error.message, error.cause], ["far", 1]);
  assert.equal(values[16], values[17]);
  assert.deepEqual(values.toSpliced(15, 1), [
    "hello \0 ä 😀",
    42.5,
    -5,
    -(2n ** 70n),
    true,
    undefined,
    null,
    new Date(1234),
    Uint8Array.of(1, 2).buffer,
    Float64Array.of(1.5, -2),
    [[1, "two"], sparse],
    { b: { c: [undefined] } },
    new Map([["a", 1]]),
    new Set([1]),
    /ab+c/giu,
    shared,
    shared,
    Object(1n),
  ]);
}

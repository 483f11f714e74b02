/**
 * Connections that lose the answer of a commit: the client finds out whether it is done, or says that nobody knows.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import postgres from "postgres";
import { Connection } from "../../src/servers/postgres/connection.ts";
import { openPostgres } from "../../src/servers/postgres/mod.ts";
import { settingsOf } from "../../src/servers/postgres/options.ts";
import { storeError, text } from "../support/expect.ts";
import { freshOptions, postgresTest, usesPostgres } from "../support/services/with_postgres.ts";
import { untilFound } from "../support/until.ts";
import { partsOf } from "./parts_of_postgres.ts";

usesPostgres();

/** Passes bytes between clients and a server. It can keep the answers to itself. */
class LossyProxy implements AsyncDisposable {
  /** Whether answers of connections that are open now, or of all, do not arrive. */
  swallows: "nothing" | "present" | "all" = "nothing";
  readonly #server = createServer((socket) => this.#accept(socket));
  readonly #sockets: Set<Socket> = new Set();
  readonly #port: number;
  #swallowed: WeakSet<Socket> = new WeakSet();

  private constructor(port: number) {
    this.#port = port;
  }

  static async to(port: number): Promise<LossyProxy> {
    const proxy = new LossyProxy(port);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on, answers of the connections that are open do not arrive. */
  swallowPresent(): void {
    this.#swallowed = new WeakSet(this.#sockets);
    this.swallows = "present";
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    const server = connect(this.#port, "127.0.0.1");
    this.#sockets.add(client).add(server);
    const end = () => {
      client.destroy();
      server.destroy();
      this.#sockets.delete(client);
      this.#sockets.delete(server);
    };
    for (const socket of [client, server]) socket.on("close", end).on("error", end);
    client.on("data", (piece: Uint8Array) => server.write(piece));
    server.on("data", (piece: Uint8Array) => {
      const isLost = this.swallows === "all" || (this.swallows === "present" && this.#swallowed.has(client));
      if (!isLost) client.write(piece);
    });
  }
}

/** The same address through a proxy. */
async function through(url: unknown): Promise<{ readonly proxy: LossyProxy; readonly url: string }> {
  const given = new URL(String(url));
  const proxy = await LossyProxy.to(Number(given.port));
  given.port = `${proxy.port}`;
  return { proxy, url: given.href };
}

postgresTest("a commit whose answer is lost is found done, and is not done twice", async () => {
  const options = await freshOptions();
  const { proxy, url } = await through(options.url);
  await using _ = proxy;
  const { store, backend, upkeep } = await partsOf({ ...options, url, attemptTimeout: 1000, timeout: 60_000 });
  try {
    await store.increment("n");
    for (let i = 1; i <= 3; i++) {
      const before = store.version;
      proxy.swallowPresent();
      assert.deepEqual(await Promise.all([store.put("key", `${i}`), store.delete("missing")]), [undefined, false]);
      proxy.swallowPresent();
      assert.equal(await store.increment("n"), i + 1);
      assert.ok(store.version > before);
      assert.equal(text(await store.get("key")), `${i}`);
    }
    assert.ok(backend.figures().recovered >= 1, "no commit was found done");
    assert.equal(await store.increment("n", 0), 4);
    assert.equal((await store.versions("key")).length, 3);
  } finally {
    await upkeep.close();
    await store.close();
  }
});

postgresTest("a transaction whose connection breaks while it runs is repeated, and the process goes on", async () => {
  const options = await freshOptions();
  const { proxy, url } = await through(options.url);
  await using _ = proxy;
  const connection = new Connection(settingsOf({ ...options, url, timeout: 10_000 }));
  try {
    for (let i = 0; i < 5; i++) {
      const broken = connection.transaction(async (query) => {
        await query("select 1");
        const slow = query("select pg_sleep(10)");
        proxy.cut();
        await slow;
      });
      await assert.rejects(broken);
      // What the package would send to the lost connection, it sends soon.
      await new Promise((resolve) => setTimeout(resolve, 20));
      const rows = await connection.transaction(async (query) => await query("select 1 as one"));
      assert.deepEqual(
        rows.map(({ one }) => one),
        [1],
      );
    }
    // An error of the server leaves the connection as it was.
    await assert.rejects(connection.transaction((query) => query("select 1 / 0")));
    await assert.rejects(
      connection.transaction(() => Promise.reject(new Error("of the caller"))),
      /of the caller/,
    );
    for (let i = 0; i < 10; i++) assert.equal((await connection.query("look", "select 1")).length, 1);
  } finally {
    await connection.close();
  }
});

postgresTest("if no answer arrives in time, the outcome is unknown, and one can look later", async () => {
  const options = await freshOptions();
  const { proxy, url } = await through(options.url);
  await using _ = proxy;
  await using store = await openPostgres({ ...options, url, attemptTimeout: 300, timeout: 1500 });
  await store.put("key", "before");
  proxy.swallows = "all";
  await assert.rejects(store.put("key", "after"), storeError("OUTCOME_UNKNOWN", "Cannot tell whether it is done"));
  await assert.rejects(store.get("key"), storeError("STORE_UNREACHABLE", "did not answer within 1500 ms"));
  proxy.swallows = "nothing";
  assert.equal(text(await store.get("key")), "after");
  assert.equal((await store.versions("key")).length, 2);
});

postgresTest("a commit whose answer is lost is not called undone because a later attempt is refused", async () => {
  const options = await freshOptions();
  const { proxy, url } = await through(options.url);
  await using _ = proxy;
  await using store = await openPostgres({ ...options, url, attemptTimeout: 3000, timeout: 60_000 });
  await using other = await openPostgres(options);
  await store.put("key", "before");
  proxy.swallowPresent();
  const put = assert.rejects(
    store.put("key", "after"),
    storeError("OUTCOME_UNKNOWN", "Cannot tell whether it is done"),
  );
  await untilFound(other, "key", "after", "the commit whose answer is lost");
  // Now the server refuses the next attempt.
  const sql = postgres(String(options.url), { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(`alter table "${options.table}_commits" rename to "${options.table}_hidden"`);
    await put;
    await sql.unsafe(`alter table "${options.table}_hidden" rename to "${options.table}_commits"`);
  } finally {
    await sql.end();
  }
  assert.equal(text(await store.get("key")), "after");
});

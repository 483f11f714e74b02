/**
 * A store that another machine serves: calls over its address, and what happens while nobody answers there.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, test } from "node:test";
import { jsonCodec, MemoryStore, open, type RemoteStoreConfig, type SharedStore, type StoreError } from "../../mod.ts";
import { AUTHORITY, CERTIFICATE, KEY, OTHER_AUTHORITY } from "../support/certificate.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { TOKEN, withServed } from "../support/served.ts";

const TLS = { cert: CERTIFICATE, key: KEY };

async function allCalls(remote: SharedStore, owner: SharedStore): Promise<void> {
  await remote.put("a", "1");
  assert.equal(text(await owner.get("a")), "1");
  assert.deepEqual((await remote.getMany(["a", "nothing"])).map(text), ["1", undefined]);
  assert.equal(await remote.increment("n", 2), 2);
  assert.equal(await remote.commit([{ type: "append", key: "a", value: "2" }]), owner.version);
  const keys = Array.from({ length: 3000 }, (_, i) => `walk/${String(i).padStart(5, "0")}`);
  await remote.batch(keys.map((key) => ({ type: "put", key, value: key })));
  assert.deepEqual(await remote.keys({ prefix: "walk/" }).toArray(), keys);
  using snapshot = remote.snapshot();
  assert.equal(text(await snapshot.get("a")), "12");
  const changes = remote.watch({ prefix: "a" })[Symbol.asyncIterator]();
  const next = changes.next();
  await remote.transaction(async (tx) => {
    tx.put("a", `${text(await tx.get("a"))}3`);
  });
  assert.equal(text(await remote.get("a")), "123");
  assert.equal(text(await snapshot.get("a")), "12");
  assert.deepEqual((await next).value, {
    type: "put",
    key: "a",
    value: new TextEncoder().encode("123"),
    version: owner.version,
  });
  await changes.return?.();
  const large = new Uint8Array(5_000_000).fill(7);
  await remote.put("large", large);
  assert.deepEqual(await remote.get("large"), large);
  const copy = new MemoryStore();
  await copy.restore(remote.backup());
  assert.equal(await copy.count(), await owner.count());
  const view = remote.view({ prefix: "json/", value: jsonCodec<{ n: number }>() });
  await view.put("x", { n: 1 });
  assert.deepEqual(await view.get("x"), { n: 1 });
  assert.equal(await remote.deleteRange({ prefix: "walk/" }), keys.length);
  assert.deepEqual((await remote.verify()).damages, []);
  assert.ok((await remote.ownerMetrics()).commits > 5);
  await withServed(async ({ listener }) => {
    await using empty = await open({ address: listener.address, token: TOKEN });
    await empty.restore(remote.backup());
    assert.equal(await empty.count(), await owner.count());
  });
}

describe("a store over its address", () => {
  test("does all calls", () =>
    withServed(async ({ owner, listener }) => {
      await using remote = await open({ address: listener.address, token: TOKEN });
      assert.deepEqual([remote.role, remote.path], ["client", listener.address]);
      await allCalls(remote, owner);
      assert.throws(() => remote.getSync("a"), storeError("NOT_OWNER"));
      await assert.rejects(remote.listen({ token: TOKEN }), misuse(TypeError, "is on another machine"));
    }));

  test("does all calls with TLS", () =>
    withServed(
      async ({ owner, listener }) => {
        assert.match(listener.address, /^luges:/);
        await using remote = await open({ address: listener.address, token: TOKEN, ca: AUTHORITY });
        await allCalls(remote, owner);
      },
      { tls: TLS },
    ));

  test("is opened with a string, a URL, or a name of the host", () =>
    withServed(async ({ owner, listener }) => {
      const { port } = listener;
      const encoded = encodeURIComponent(TOKEN);
      await using first = await open(`luge://127.0.0.1:${port}?token=${TOKEN}`);
      await using second = (await open(
        new URL(`luge://127.0.0.1:${port}/?token=${encoded}`),
      )) as unknown as SharedStore;
      await using third = await open({
        address: new URL(`luge://localhost:${port}?token=not-the-right-one`),
        token: TOKEN,
      });
      for (const remote of [first, second, third])
        assert.equal(await remote.increment("n"), (await owner.increment("n")) - 1);
      assert.deepEqual([first.path, third.path], [`luge://127.0.0.1:${port}`, `luge://localhost:${port}`]);
    }));

  test("is refused with a wrong token, and the error has neither", () =>
    withServed(async ({ listener: { address } }) => {
      for (const token of ["not-the-right-tok", `${TOKEN}x`, TOKEN.slice(0, -1), "x".repeat(1024)]) {
        await assert.rejects(open({ address, token }), (error) => {
          assert.ok(storeError("ACCESS_DENIED", `Cannot open '${address}': the token is wrong`)(error));
          assert.doesNotMatch(
            JSON.stringify([(error as Error).message, (error as Error).stack]),
            new RegExp(token.slice(0, 12)),
          );
          return true;
        });
      }
    }));

  test("is not reached if nobody listens, or what listens does not answer, or is not luge", async () => {
    const server = createServer((socket) => socket.resume().on("error", () => {})).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `luge://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await assert.rejects(
      open({ address, token: TOKEN, connectTimeout: 100 }),
      storeError("STORE_UNREACHABLE", "no answer within 100 ms"),
    );
    const aborted = new AbortController();
    const opening = open({ address, token: TOKEN, signal: aborted.signal });
    aborted.abort(new Error("enough"));
    await assert.rejects(opening, /enough/);
    server.on("connection", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await assert.rejects(open({ address, token: TOKEN }), storeError("STORE_UNREACHABLE", "a frame has"));
    server.close();
    await once(server, "close");
    await assert.rejects(open({ address, token: TOKEN }), storeError("STORE_UNREACHABLE", address));
  });

  test("with TLS needs the right authority and host", () =>
    withServed(
      async ({ listener: { port } }) => {
        const config = (host: string, ca?: string): RemoteStoreConfig => ({
          address: `luges://${host}:${port}`,
          token: TOKEN,
          connectTimeout: 5000,
          ...(ca ? { ca } : {}),
        });
        for (const ca of [undefined, OTHER_AUTHORITY, AUTHORITY]) {
          await assert.rejects(open(config("127.0.0.2", ca)), storeError("STORE_UNREACHABLE"));
        }
        await assert.rejects(
          open({ address: `luge://127.0.0.2:${port}`, token: TOKEN, connectTimeout: 300 }),
          storeError("STORE_UNREACHABLE"),
        );
      },
      { tls: TLS, host: "127.0.0.2" },
    ));

  test("waits while nobody serves it, and does each write once", () =>
    withServed(async ({ owner, listener }) => {
      await using remote = await open({ address: listener.address, token: TOKEN });
      let serving = listener;
      const counts: Promise<number>[] = [];
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 50; i++) counts.push(remote.increment("n"));
        // Some of them have an answer now, some not.
        await counts[round * 50 + 10];
        await serving.close();
        serving = await owner.listen({ port: listener.port, token: TOKEN });
      }
      assert.deepEqual(
        await Promise.all(counts),
        counts.map((_, i) => i + 1),
      );
      assert.equal(await owner.increment("n", 0), 250);
    }));

  test("ends calls with their signals, and close with a limit, while nobody serves it", () =>
    withServed(async ({ listener }) => {
      const remote = await open({ address: listener.address, token: TOKEN, connectTimeout: 200 });
      await listener.close();
      const aborted = new AbortController();
      const counting = remote.count({}, { signal: aborted.signal });
      aborted.abort(new Error("enough"));
      await assert.rejects(counting, /enough/);
      const writing = remote.put("a", "1");
      writing.catch(() => {});
      await remote.close();
      await assert.rejects(writing, storeError("STORE_UNREACHABLE"));
      await assert.rejects(remote.get("a"), storeError("STORE_CLOSED"));
    }));

  test("fails if its token is not right any more", () =>
    withServed(async ({ owner, listener }) => {
      const remote = await open({ address: listener.address, token: TOKEN });
      await listener.close();
      const writing = remote.put("a", "1");
      writing.catch(() => {});
      await owner.listen({ port: listener.port, token: "another-token-of-today" });
      await assert.rejects(writing, storeError("ACCESS_DENIED"));
      await assert.rejects(remote.get("a"), (error) => {
        assert.ok(storeError("STORE_FAILED", "the token is wrong")(error));
        return storeError("ACCESS_DENIED")((error as StoreError).cause);
      });
      await remote.close();
    }));

  test("is not served any more once the store is closed", () =>
    withServed(async ({ owner, listener }) => {
      const second = await owner.listen({ port: 0, token: TOKEN });
      await using remote = await open({ address: second.address, token: TOKEN });
      await remote.put("a", "1");
      await listener.close();
      await listener.close();
      await owner.close();
      for (const { address } of [listener, second]) {
        await assert.rejects(open({ address, token: TOKEN }), storeError("STORE_UNREACHABLE"));
      }
      await assert.rejects(owner.listen({ port: 0, token: TOKEN }), storeError("STORE_CLOSED"));
    }));

  test("is served by a client of its owner, and by two processes at once", () =>
    withServed(async ({ path, owner, listener }) => {
      await using client = await open({ path, shared: true });
      const other = await client.listen({ port: 0, token: TOKEN });
      await using remote = await open({ address: other.address, token: TOKEN });
      await using remote2 = await open({ address: listener.address, token: TOKEN });
      assert.deepEqual([client.role, await remote.increment("n"), await remote2.increment("n")], ["client", 1, 2]);
      await owner.close(); // `client` takes over.
      assert.deepEqual([await remote.increment("n"), client.role], [3, "owner"]);
    }));
});

/**
 * What the store over PostgreSQL does beyond the suite: several clients, lost connections, old versions, options.
 */

import assert from "node:assert/strict";
import { type AsyncStore, type Change, StoreError } from "../../mod.ts";
import { openPostgres, type PostgresOptions } from "../../src/servers/postgres/mod.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import {
  freshOptions,
  postgresTest,
  theServer,
  usesPostgres,
  withPostgres,
} from "../support/services/with_postgres.ts";
import { SetClock } from "../support/set_clock.ts";
import { partsOf } from "./parts_of_postgres.ts";

usesPostgres();

const A = Uint8Array.of(97);

/** Runs `use` with several clients of one new store. */
async function withClients(
  count: number,
  use: (...clients: AsyncStore[]) => Promise<void>,
  options: Partial<PostgresOptions> = {},
): Promise<void> {
  const fresh = { ...(await freshOptions()), ...options };
  const clients = await Promise.all(Array.from({ length: count }, () => openPostgres(fresh)));
  try {
    await use(...clients);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

postgresTest("many clients create a store at once, and have one", () =>
  withClients(8, async (...clients) => {
    await Promise.all(clients.map((client, i) => client.put(`key/${i}`, `${i}`)));
    for (const client of clients) assert.equal(await client.count(), 8);
  }),
);

postgresTest("clients see what others have committed, in one order of versions", () =>
  withClients(3, async (a, b, c) => {
    const changes: Change[] = [];
    const watching = (async () => {
      for await (const change of c.watch({}, { since: 0 })) if (changes.push(change) === 300) break;
    })();
    const write = async (client: AsyncStore, name: string) => {
      for (let i = 0; i < 150; i++) await client.put(`${name}/${i}`, `${i}`);
    };
    await Promise.all([write(a, "a"), write(b, "b")]);
    await watching;
    const versions = changes.map(({ version }) => version);
    assert.deepEqual(
      versions,
      versions.toSorted((x, y) => x - y),
    );
    for (const name of ["a", "b"]) {
      const own = changes.filter(({ key }) => key.startsWith(`${name}/`)).map(({ value }) => Number(text(value)));
      assert.deepEqual(
        own,
        Array.from({ length: 150 }, (_, i) => i),
      );
    }
  }),
);

postgresTest("transactions, counters and conditions of several clients lose nothing", () =>
  withClients(3, async (...clients) => {
    const count = async (client: AsyncStore) => {
      for (let i = 0; i < 20; i++) {
        await client.increment("counter");
        await client.transaction(async (tx) => {
          tx.put("sum", `${Number(text(await tx.get("sum")) ?? 0) + 1}`);
        });
        for (;;) {
          const found = await client.getEntry("cas");
          if (await client.compareAndSet("cas", found?.version, `${Number(text(found?.value) ?? 0) + 1}`)) break;
        }
      }
    };
    await Promise.all(clients.map(count));
    const [client] = clients as [AsyncStore];
    assert.deepEqual(
      [await client.increment("counter", 0), text(await client.get("sum")), text(await client.get("cas"))],
      [60, "60", "60"],
    );
  }),
);

postgresTest("a server that is killed again and again loses no acknowledged write, and does none twice", async () => {
  const server = await theServer();
  await withPostgres(async (store) => {
    let isOver = false;
    const acknowledged = new Map<string, number>();
    let added = 0;
    const writer = async (name: string) => {
      for (let i = 1; !isOver; i++) {
        await store.put(name, `${i}`);
        acknowledged.set(name, i);
        await store.increment("total");
        added += 1;
      }
    };
    const writers = ["a", "b", "c", "d"].map(writer);
    for (const end of [() => server.kill(), () => server.stopAtOnce(), () => server.stop()]) {
      const before = added;
      while (added < before + 40) await new Promise((resolve) => setTimeout(resolve, 5));
      await end();
      await server.restart();
    }
    const last = added;
    while (added < last + 40) await new Promise((resolve) => setTimeout(resolve, 5));
    isOver = true;
    await Promise.all(writers);
    for (const [name, count] of acknowledged) assert.equal(text(await store.get(name)), `${count}`);
    assert.equal(await store.increment("total", 0), added);
    const changes = new Map<string, number>();
    for await (const { key, value } of store.watch({ lt: "e" }, { since: 0 })) {
      const count = Number(text(value));
      assert.equal(count, (changes.get(key) ?? 0) + 1, key);
      changes.set(key, count);
      if ([...acknowledged].every(([name, most]) => changes.get(name) === most)) break;
    }
  });
});

postgresTest("without a server every call says so, and ends in time", async () => {
  const server = await theServer();
  const options = { ...(await freshOptions()), timeout: 1000, attemptTimeout: 300 };
  await using store = await openPostgres(options);
  await store.put("key", "value");
  await server.stop();
  try {
    await assert.rejects(store.get("key"), storeError("STORE_UNREACHABLE", "within 1000 ms"));
    // The connections were lost before, so this one was never sent.
    await assert.rejects(store.put("key", "again"), storeError("STORE_UNREACHABLE"));
    await assert.rejects(openPostgres(options), storeError("STORE_UNREACHABLE"));
  } finally {
    await server.restart();
  }
  assert.equal(text(await store.get("key")), "value");
});

postgresTest("what the server removed is gone, and what is held is not", async () => {
  const parts = await partsOf(await freshOptions());
  const { store, backend, upkeep, holds } = parts;
  try {
    await store.batch(["a", "b", "c"].map((key) => ({ type: "put", key, value: "1" })));
    const first = store.version;
    await store.put("a", "2");
    await store.delete("b");
    await store.put("e", "1", { ttl: 1 });
    while (await store.has("e"));
    const held = holds.hold(first);
    parts.ahead(3_600_000);
    await upkeep.renew();
    await upkeep.trim();
    assert.equal(text((await backend.read([A], first))[0]?.value), "1");
    held.release();
    parts.ahead(7_200_000);
    await upkeep.trim();
    await assert.rejects(backend.read([A], first), storeError("VERSION_GONE"));
    await assert.rejects(backend.changes({}, 0, undefined), storeError("VERSION_GONE"));
    await assert.rejects(store.snapshot({ version: 0 }).get("a"), storeError("VERSION_GONE"));
    assert.deepEqual(await store.keys().toArray(), ["a", "c"]);
    assert.equal((await parts.query("entries")).length, 2);
    assert.equal((await parts.query("changes")).length, 2);
  } finally {
    await upkeep.close();
    await store.close();
  }
});

postgresTest("of commits of one millisecond, the newest one is removed, too", async () => {
  using time = new SetClock();
  const { store, upkeep, ahead, query } = await partsOf(await freshOptions());
  try {
    // The ids of these commits have no order.
    for (let i = 0; i < 40; i++) await store.put("a", `${i}`);
    await store.delete("a");
    ahead(time.ms - Date.now() + 3_600_000);
    await upkeep.trim();
    assert.equal((await query("entries")).length, 0);
  } finally {
    await upkeep.close();
    await store.close();
  }
});

postgresTest("options, names and rights are checked", async () => {
  const { url } = await freshOptions();
  const wrong = (options: object) => openPostgres(options as PostgresOptions);
  await assert.rejects(wrong({}), misuse(TypeError, "'url'"));
  await assert.rejects(wrong({ url: "mysql://host/db" }), misuse(RangeError, "postgres://"));
  await assert.rejects(wrong({ url, tabel: "a" }), misuse(TypeError, "did you mean 'table'?"));
  await assert.rejects(wrong({ url, table: 'a"b' }), misuse(RangeError, "'table'"));
  await assert.rejects(wrong({ url, table: "a; drop table b" }), misuse(RangeError, "'table'"));
  await assert.rejects(wrong({ url, connections: 0 }), misuse(RangeError, "'connections'"));
  await assert.rejects(wrong({ url, history: 5 }), misuse(RangeError, "'history'"));
  await assert.rejects(wrong({ url, createIfMissing: false, table: "none" }), storeError("NOT_A_STORE"));
  const other = new URL(url);
  other.pathname = "/nothing";
  await assert.rejects(wrong({ url: other }), storeError("NOT_A_STORE", "does not exist"));
  other.username = "nobody";
  await assert.rejects(wrong({ url: other }), (error) => error instanceof StoreError && error.code === "ACCESS_DENIED");
  const reason = new Error("enough");
  await assert.rejects(wrong({ url, signal: AbortSignal.abort(reason) }), (error) => error === reason);
});

postgresTest("a store remembers how many versions it keeps, and refuses fewer", async () => {
  const options = await freshOptions();
  await using store = await openPostgres({ ...options, numVersionsToKeep: 3 });
  await assert.rejects(openPostgres({ ...options, numVersionsToKeep: 2 }), misuse(RangeError, "'numVersionsToKeep'"));
  await using fewer = await openPostgres({ ...options, numVersionsToKeep: 2, dropVersions: true });
  await store.put("key", "1");
  assert.equal(text(await fewer.get("key")), "1");
});

postgresTest("with several versions to keep, that many stay, and deletions are among them", async () => {
  const parts = await partsOf({ ...(await freshOptions()), numVersionsToKeep: 2 });
  const { store, upkeep } = parts;
  try {
    for (const value of ["1", "2", "3"]) await store.put("a", value);
    await store.put("b", "1");
    await store.delete("b");
    await store.put("c", "1", { ttl: 1 });
    while (await store.has("c"));
    parts.ahead(3_600_000);
    await upkeep.trim();
    assert.deepEqual(
      (await store.versions("a")).map(({ value }) => text(value)),
      ["3", "2"],
    );
    assert.deepEqual(
      (await store.versions("b")).map(({ deleted }) => deleted),
      [true, false],
    );
    const [expired] = await store.versions("c");
    assert.deepEqual([expired?.deleted, expired?.value], [false, undefined]);
    assert.deepEqual(await store.keys().toArray(), ["a"]);
  } finally {
    await upkeep.close();
    await store.close();
  }
});

postgresTest("writes that are made together travel together", async () => {
  const { store, backend, upkeep } = await partsOf(await freshOptions());
  try {
    const before = backend.figures().calls;
    await Promise.all(Array.from({ length: 1000 }, (_, i) => store.put(`key/${i}`, `${i}`)));
    assert.equal(backend.figures().calls - before, 1);
    const counting = backend.figures().calls;
    await Promise.all(Array.from({ length: 500 }, () => store.increment("n")));
    assert.equal(backend.figures().calls - counting, 2);
  } finally {
    await upkeep.close();
    await store.close();
  }
});

postgresTest("ranges with large values, deletions and expired ones are whole, and those of a snapshot as well", () =>
  withClients(1, async (store) => {
    const names = Array.from({ length: 5000 }, (_, i) => `key/${String(i).padStart(5, "0")}`);
    const bytesOf = (i: number) => new Uint8Array(i % 97 === 0 || (i > 3000 && i < 3300) ? 5000 : i % 7).fill(i);
    for (let i = 0; i < names.length; i += 500) {
      const part = names.slice(i, i + 500);
      await store.batch(part.map((key, j) => ({ type: "put", key, value: bytesOf(i + j) })));
    }
    const gone = new Set(names.filter((_, i) => i % 11 === 3));
    await store.batch(Array.from(gone, (key) => ({ type: "delete", key })));
    const there = names.filter((key) => !gone.has(key));
    const expected = there.map((key) => [key, bytesOf(names.indexOf(key))]);
    const check = async (snapshot?: ReturnType<AsyncStore["snapshot"]>) => {
      for (const reverse of [false, true]) {
        const inOrder = <T>(list: readonly T[]) => (reverse ? list.toReversed() : list);
        assert.deepEqual(await store.entries({ reverse, snapshot }).toArray(), inOrder(expected));
        assert.deepEqual(await store.keys({ reverse, snapshot }).toArray(), inOrder(there));
        const some = await store.entries({ reverse, snapshot, gt: names[2990], limit: 400 }).toArray();
        const above = expected.filter(([key]) => (key as string) > (names[2990] as string));
        assert.deepEqual(some, inOrder(above).slice(0, 400));
      }
    };
    await check();
    using snapshot = store.snapshot();
    await snapshot.get("key");
    await store.batch(names.filter((_, i) => i % 5 === 0).map((key) => ({ type: "put", key, value: "new" })));
    await check(snapshot);
    await store.put("key/expiring", "1", { ttl: 1 });
    while ((await store.get("key/expiring")) !== undefined) await store.get("key");
    assert.equal((await store.keys({ gte: "key/e" }).toArray()).length, 0);
  }),
);

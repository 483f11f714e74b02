/**
 * The studio on stores that are on servers: PostgreSQL and etcd.
 */

import assert from "node:assert/strict";
import type { AsyncStore } from "../../mod.ts";
import { openEtcd } from "../../src/servers/etcd/mod.ts";
import type { WireRow } from "../../src/studio/wire.ts";
import { etcdTest, withEtcd } from "../support/services/etcd.ts";
import { postgresTest, usesPostgres, withPostgres } from "../support/services/with_postgres.ts";
import { call, key, withStudio } from "./started.ts";

usesPostgres();

/** Asks every route that works on all stores. */
async function checkRoutes(store: AsyncStore, kind: "postgres" | "etcd"): Promise<void> {
  const keys = Array.from({ length: 300 }, (_, i) => `user/${1000 + i}`);
  for (let at = 0; at < keys.length; at += 50) {
    await store.batch(keys.slice(at, at + 50).map((each) => ({ type: "put", key: each, value: `value of ${each}` })));
  }
  await store.put("price", "10");
  const first = store.version;
  await store.put("price", "12", { ttl: 600_000 });
  await withStudio({ store, place: { kind } }, async (studio) => {
    const ask = async (route: string, fields: object = {}) => {
      const { status, body } = await call(studio, route, fields);
      assert.equal(status, 200, `${route}: ${JSON.stringify(body)}`);
      return body;
    };
    assert.equal((await ask("place")).missing.length, 6);
    const { rows, atEnd } = await ask("keys", { limit: 100, from: key("user/1250") });
    assert.deepEqual([rows.length, atEnd, rows[0].key], [50, true, key("user/1250")]);
    const back: WireRow[] = (await ask("keys", { limit: 3, reverse: true })).rows;
    assert.deepEqual(
      back.map((row) => row.key),
      ["user/1299", "user/1298", "user/1297"].map(key),
    );
    assert.deepEqual((await ask("size")).count, 301);
    assert.ok((await ask("landmarks")).landmarks.length >= 2);
    assert.deepEqual((await ask("division")).division, { kind: "text", separator: "/" });
    const level = await ask("tree", { separator: "/" });
    assert.deepEqual([level.branches[0].label, level.branches[0].count, level.leaves], ["user/", 300, 1]);
    const found: { row?: WireRow; done?: boolean }[] = await ask("search", { text: "of user/1007", inValues: true });
    // A slow server has lines of progress between the hits.
    const hits = found.flatMap(({ row }) => row?.key ?? []);
    assert.deepEqual([hits, found.at(-1)?.done], [[key("user/1007")], true]);
    const { versions } = await ask("versions", { key: key("price") });
    assert.equal(versions[0].kind, "put");
    assert.ok(versions[0].expiresAt > Date.now());
    const { oldest, newest } = await ask("history");
    assert.ok(oldest <= newest && newest === store.version);
    if (oldest <= first) assert.equal(await ask("value", { key: key("price"), at: first }), "10");
    const { version } = await ask("put", { key: key("price"), value: key("14"), expected: versions[0].version });
    assert.equal((await call(studio, "put", { key: key("price"), value: "", expected: version - 1 })).status, 409);
    const range = { prefix: key("user/10") };
    const shown = await ask("preview", { range });
    assert.equal(shown.count, 100);
    assert.equal((await ask("delete-range", { range, at: shown.at, count: 100 })).deleted, 100);
    assert.equal((await ask("count")).at(-1).counted, 201);
    assert.equal((await ask("export", { range: { prefix: key("user/11") } })).length, 100);
  });
}

postgresTest("the studio shows and changes a store in PostgreSQL", () =>
  withPostgres((store) => checkRoutes(store, "postgres")),
);

etcdTest("the studio shows and changes a store in etcd", () =>
  withEtcd(async ({ endpoints }) => {
    await using store = await openEtcd({ endpoints, prefix: "studio/" });
    await checkRoutes(store, "etcd");
  }),
);

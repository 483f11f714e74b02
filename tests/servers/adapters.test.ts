/**
 * The adapters that only await work on a store over a server.
 */

import assert from "node:assert/strict";
import { KeyvLuge } from "../../src/adapters/keyv/mod.ts";
import { honoStore } from "../../src/adapters/session/mod.ts";
import { lugeDriver } from "../../src/adapters/unstorage/mod.ts";
import { postgresTest, usesPostgres, withPostgres } from "../support/services/with_postgres.ts";

usesPostgres();

postgresTest("keyv, unstorage and sessions keep their entries in PostgreSQL", () =>
  withPostgres(async (store) => {
    const keyv = new KeyvLuge(store.view({ prefix: "keyv/" }));
    await keyv.set("key", '{"value":1}');
    assert.equal(await keyv.get("key"), '{"value":1}');
    await keyv.disconnect();
    const driver = lugeDriver(store.view({ prefix: "unstorage/" }));
    await driver.setItem?.("a:b", "text", {});
    assert.equal(await driver.getItem("a:b"), "text");
    assert.deepEqual(await driver.getKeys(""), ["a:b"]);
    const sessions = honoStore<{ name: string }>(store.view({ prefix: "sessions/" }));
    await sessions.set("id", { name: "Ada" });
    assert.deepEqual(await sessions.get("id"), { name: "Ada" });
    assert.deepEqual(
      await store
        .keys()
        .map((key) => key.split("/")[0])
        .toArray(),
      ["keyv", "sessions", "unstorage"],
    );
  }),
);

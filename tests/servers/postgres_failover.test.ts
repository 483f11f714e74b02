/**
 * Two PostgreSQL servers: the one that takes writes is killed under load, its synchronous standby takes its place, and the
 * killed one becomes the new standby. The short form of the campaign `postgres --standby`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type AsyncStore, StoreError } from "../../mod.ts";
import { Load } from "../../scripts/campaigns/servers/load.ts";
import { Gaps } from "../../scripts/campaigns/servers/tally.ts";
import { PostgresPair } from "../../scripts/lib/postgres_pair.ts";
import { hostsOf } from "../../src/servers/postgres/hosts.ts";
import { openPostgres, type PostgresOptions } from "../../src/servers/postgres/mod.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { postgresTest, usesPostgres } from "../support/services/with_postgres.ts";
import { until } from "../support/until.ts";

/** How long a standby may take until it shows what it has, in milliseconds. */
const APPLIED_MS = 60_000;

usesPostgres();

postgresTest("no write is lost or done twice, and no change missed, while standbys take over", async () => {
  await using pair = await PostgresPair.start();
  const open = () => openPostgres({ url: pair.url, timeout: 60_000, connections: 4 });
  const load = await Load.open(open, 2, new Gaps(), 1);
  load.start(6);
  const more = async (what: string) => {
    const before = load.writes;
    await until(() => load.writes > before + 50, `writes ${what}`);
  };
  await more("with a standby");
  for (let i = 0; i < 2; i++) {
    await pair.failOver();
    await more("after a failover");
    await pair.rejoin();
    await more("with a new standby");
  }
  const { text: _, ...figures } = await load.finish();
  assert.deepEqual(load.faults, []);
  assert.deepEqual(figures, { lost: 0, doubled: 0, missed: 0 });
});

postgresTest("of several hosts luge takes the one that takes writes", async () => {
  await using pair = await PostgresPair.start();
  const { urls } = hostsOf(pair.url);
  const [standby = "", primary = ""] = urls;
  {
    await using store = await openPostgres({ url: primary });
    await store.put("key", "1");
  }
  await using store = await openPostgres({ url: pair.url });
  assert.equal(text(await store.get("key")), "1");
  await store.put("key", "2");
  // A standby answers reads of one that asks it alone, and takes no write.
  await using reader = await openApplied({ url: standby, createIfMissing: false, timeout: 300 });
  await assert.rejects(reader.put("key", "3"), storeError("STORE_UNREACHABLE", "read-only"));
  const alone = { url: `${standby}?target_session_attrs=primary`, timeout: 300 };
  await assert.rejects(openPostgres(alone), storeError("STORE_UNREACHABLE", "the server is a standby"));
  assert.equal(text(await store.get("key")), "2");
});

/** Opens a store at a standby. That has each commit, and shows it a moment later. */
async function openApplied(options: PostgresOptions): Promise<AsyncStore> {
  const end = Date.now() + APPLIED_MS;
  for (;;) {
    try {
      return await openPostgres(options);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === "NOT_A_STORE") || Date.now() > end) throw error;
      await sleep(10);
    }
  }
}

test("an address with several hosts is one for each", () => {
  assert.deepEqual(hostsOf("postgres://me:p%40w@a:1,[::1]:2,c/db?sslmode=require"), {
    urls: [
      "postgres://me:p%40w@a:1/db?sslmode=require",
      "postgres://me:p%40w@[::1]:2/db?sslmode=require",
      "postgres://me:p%40w@c/db?sslmode=require",
    ],
    refusesStandbys: true,
  });
  assert.deepEqual(hostsOf("postgresql://a,b/db?target_session_attrs=any"), {
    urls: ["postgresql://a/db", "postgresql://b/db"],
    refusesStandbys: false,
  });
  assert.deepEqual(hostsOf("postgres://a/db?x=1&target_session_attrs=read-write"), {
    urls: ["postgres://a/db?x=1"],
    refusesStandbys: true,
  });
  assert.deepEqual(hostsOf("postgres://a"), { urls: ["postgres://a"], refusesStandbys: false });
  for (const [url, words] of [
    ["mysql://a", "postgres://"],
    ["postgres://a,,b/db", "comma"],
    ["postgres://a:x,b/db", "host:port"],
    ["postgres://a,b/db?target_session_attrs=standby", "takes writes"],
  ] as const) {
    assert.throws(() => hostsOf(url), misuse(RangeError, words));
  }
});

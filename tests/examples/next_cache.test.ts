/**
 * The cache handler for Next.js, by the contract of its documentation.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import CacheHandler, { closeCache } from "../../examples/next_cache_handler.ts";
import { withDirectory } from "../support/temporary.ts";

/** Runs `use` with a cache in a directory of its own. */
async function withCache(use: (directory: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    process.env.NEXT_CACHE_DIRECTORY = join(directory, "cache");
    try {
      await use(directory);
    } finally {
      await closeCache();
      delete process.env.NEXT_CACHE_DIRECTORY;
    }
  });
}

const FETCH = { kind: "FETCH", data: { headers: {}, body: "e30=", status: 200, url: "" }, revalidate: 60 };
const PAGE = {
  kind: "APP_PAGE",
  html: "<p>",
  rscData: Buffer.from([0, 0xff]),
  headers: { "x-next-cache-tags": "news,_N_T_/layout,_N_T_/news" },
  postponed: undefined,
  status: 200,
  segmentData: new Map([["/_tree", Buffer.from("tree")]]),
};

test("get returns what set stored, with its time and its buffers, also after a restart", () =>
  withCache(async () => {
    const before = Date.now();
    await new CacheHandler({ dev: false }).set("/news", PAGE, { tags: [] });
    await new CacheHandler().set("gone", null);
    await closeCache();
    const handler = new CacheHandler();
    handler.resetRequestCache();
    const found = await handler.get("/news");
    assert.deepEqual(found?.value, PAGE);
    assert.ok(Buffer.isBuffer(found?.value?.rscData) && found.lastModified >= before);
    assert.equal((await handler.get("gone"))?.value, null);
    assert.equal(await handler.get("missing"), null);
  }));

test("revalidateTag makes entries with a tag stale, whichever way they have it", () =>
  withCache(async () => {
    const handler = new CacheHandler();
    const isThere = async (key: string, softTags?: string[]) =>
      (await handler.get(key, softTags && { softTags })) !== null;
    await handler.set("fetch", FETCH, { tags: ["a", "b"] });
    await handler.set("/news", PAGE);
    await handler.revalidateTag("c");
    assert.deepEqual([await isThere("fetch"), await isThere("/news")], [true, true]);
    await handler.revalidateTag(["x", "b"]);
    assert.deepEqual([await isThere("fetch"), await isThere("/news")], [false, true]);
    // Set again within the same millisecond.
    await handler.set("fetch", FETCH, { tags: ["a", "b"] });
    assert.equal(await isThere("fetch", ["_N_T_/news"]), true);
    await handler.revalidateTag("_N_T_/news");
    assert.deepEqual(
      [await isThere("fetch"), await isThere("fetch", ["_N_T_/news"]), await isThere("/news")],
      [true, false, false],
    );
    await closeCache();
    assert.equal(await isThere("/news"), false);
  }));

test("during a build nothing is opened, since several processes build", () =>
  withCache(async (directory) => {
    process.env.NEXT_PHASE = "phase-production-build";
    try {
      const handler = new CacheHandler();
      await handler.set("key", FETCH);
      await handler.revalidateTag("a");
      assert.equal(await handler.get("key"), null);
      assert.equal(existsSync(join(directory, "cache")), false);
    } finally {
      delete process.env.NEXT_PHASE;
    }
  }));

test("an empty tag, which Next allows, does no harm", () =>
  withCache(async () => {
    const handler = new CacheHandler();
    await handler.set("fetch", FETCH, { tags: ["", "a"] });
    await handler.revalidateTag(["", "b"]);
    assert.deepEqual((await handler.get("fetch", { tags: [""], softTags: [""] }))?.value, FETCH);
    await handler.revalidateTag("a");
    assert.equal(await handler.get("fetch"), null);
  }));

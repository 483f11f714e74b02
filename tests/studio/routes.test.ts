/**
 * What the routes of the studio answer.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../mod.ts";
import { toBase64 } from "../../src/base64.ts";
import { encodeTuple } from "../../src/keys/mod.ts";
import { fromBase64 } from "../../src/studio/bytes_text.ts";
import type { WireBranch, WireChange, WireLandmark, WireRow } from "../../src/studio/wire.ts";
import { call, key, withStudio } from "./started.ts";

const textOf = (base64: string) => new TextDecoder().decode(fromBase64(base64));
const keysOf = (rows: readonly WireRow[]) => rows.map((row) => textOf(row.key));

async function storeOf(entries: Readonly<Record<string, string>>): Promise<MemoryStore> {
  const store = new MemoryStore({ numVersionsToKeep: 10 });
  await store.batch(Object.entries(entries).map(([key, value]) => ({ type: "put", key, value })));
  return store;
}

test("a list comes page by page, in both directions, and as it was", async () => {
  const store = await storeOf(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`k${1000 + i}`, `v${i}`])));
  const { version } = store;
  await store.put("k1000", "changed", { ttl: 60_000 });
  await withStudio({ store }, async (studio) => {
    const first = (await call(studio, "keys", { limit: 100 })).body;
    assert.deepEqual([first.rows.length, first.atEnd, textOf(first.rows[0].start)], [100, false, "changed"]);
    assert.ok(first.rows[0].expiresAt > Date.now());
    const last = (await call(studio, "keys", { from: key("k1200"), limit: 100 })).body;
    assert.deepEqual([keysOf(last.rows)[0], last.rows.length, last.atEnd], ["k1200", 50, true]);
    const back = (await call(studio, "keys", { from: key("k1002"), limit: 2, reverse: true })).body;
    assert.deepEqual([keysOf(back.rows), back.atEnd], [["k1002", "k1001"], false]);
    const past = (await call(studio, "keys", { limit: 1, at: version })).body;
    assert.deepEqual([textOf(past.rows[0].start), past.rows[0].size], ["v0", 2]);
    const range = { gt: key("k1010"), lte: key("k1012") };
    assert.deepEqual(keysOf((await call(studio, "keys", { range })).body.rows), ["k1011", "k1012"]);
    const size = (await call(studio, "size", { range: { prefix: key("k10") } })).body;
    assert.deepEqual([size.count, size.isExact], [100, true]);
    assert.ok(size.bytes > 500);
    const counted = (await call(studio, "count", {})).body.at(-1);
    assert.deepEqual(counted, { counted: 250, done: true });
  });
});

test("values that would take too long to read come without them", async () => {
  const store = new MemoryStore();
  for (let i = 0; i < 12; i++) await store.put(`k${10 + i}`, new Uint8Array(1024 * 1024));
  await withStudio({ store }, async (studio) => {
    const { rows } = (await call(studio, "keys")).body as { rows: WireRow[] };
    assert.equal(rows.length, 12);
    assert.deepEqual([rows[0]?.size, rows.at(-1)?.size], [1024 * 1024, undefined]);
  });
});

test("a long range has an estimate, which is near", async () => {
  const store = new MemoryStore();
  for (let from = 0; from < 60_000; from += 10_000) {
    await store.batch(
      Array.from({ length: 10_000 }, (_, i) => ({ type: "put", key: `k/${100_000 + from + i}`, value: `${from + i}` })),
    );
  }
  await withStudio({ store }, async (studio) => {
    const { count, isExact } = (await call(studio, "size")).body;
    assert.ok(!isExact && Math.abs(count - 60_000) < 9000, `${count}`);
    const [branch] = (await call(studio, "tree", { separator: "/" })).body.branches as WireBranch[];
    assert.ok(!branch?.isExact && Math.abs((branch?.count ?? 0) - 60_000) < 9000, `${branch?.count}`);
  });
});

const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(8, "0")}`);

for (const [name, keys] of [
  ["at both ends", [...numbered("a/", 15_000), ...numbered("z/", 5000)]],
  ["with one key far behind them all", [...numbered("order/berlin/", 20_000), "session/7f3a"]],
  ["with one key far before them all", ["admin", ...numbered("order/berlin/", 20_000)]],
] as const) {
  test(`landmarks divide a range, wherever its keys are: ${name}`, async () => {
    const store = new MemoryStore();
    await store.batch(keys.map((key) => ({ type: "put", key, value: "12345678" })));
    await withStudio({ store }, async (studio) => {
      const { landmarks } = (await call(studio, "landmarks")).body as { landmarks: WireLandmark[] };
      assert.ok(landmarks.length > 30, `${landmarks.length}`);
      const all = [...store.keys()];
      for (const [i, { key, before }] of landmarks.entries()) {
        const part = all.indexOf(textOf(key)) / all.length;
        assert.ok(Math.abs(part - before) < 0.05, `${textOf(key)}: ${part} and not ${before}`);
        assert.ok(
          before - (landmarks[i - 1]?.before ?? 0) < 0.06,
          `nothing between ${landmarks[i - 1]?.before} and ${before}`,
        );
      }
      assert.deepEqual((await call(studio, "landmarks", { range: { prefix: key("none") } })).body, { landmarks: [] });
    });
  });
}

test("a tree has the parts of keys, between separators that are found", async () => {
  const store = await storeOf({ "user/1/name": "Ada", "user/1/age": "36", "user/2": "", "order/7": "x", readme: "" });
  await withStudio({ store }, async (studio) => {
    const { division } = (await call(studio, "division")).body;
    assert.deepEqual(division, { kind: "text", separator: "/" });
    const level = (fields: object) => call(studio, "tree", { separator: "/", ...fields });
    const top = (await level({})).body;
    const shown = (branches: WireBranch[]) => branches.map(({ label, count, isExact }) => [label, count, isExact]);
    assert.deepEqual(shown(top.branches), [
      ["order/", 1, true],
      ["user/", 3, true],
    ]);
    assert.equal(top.leaves, 1);
    const user = top.branches[1] as WireBranch;
    const below = (await level({ start: user.start })).body;
    assert.deepEqual([shown(below.branches), below.leaves], [[["1/", 2, true]], 1]);
    const { rows } = (await call(studio, "keys", { range: { gte: user.gte, lt: user.lt } })).body;
    assert.deepEqual(keysOf(rows), ["user/1/age", "user/1/name", "user/2"]);
  });
});

test("a level with more branches than an answer continues", async () => {
  const store = await storeOf(Object.fromEntries(Array.from({ length: 450 }, (_, i) => [`b${1000 + i}:x`, ""])));
  await withStudio({ store }, async (studio) => {
    const labels: string[] = [];
    let from: string | undefined;
    do {
      const level = (await call(studio, "tree", { separator: ":", ...(from && { from }) })).body;
      labels.push(...level.branches.map(({ label }: WireBranch) => label));
      from = level.next;
    } while (from);
    assert.deepEqual([labels.length, labels[0], labels.at(-1)], [450, "b1000:", "b1449:"]);
  });
});

test("a tree of tuples has their parts, decoded", async () => {
  const store = new MemoryStore();
  for (const tuple of [
    ["user", 7n, "name"],
    ["user", 7n, "age"],
    ["user", 8n, "name"],
    ["a\0b", 1, 2],
    ["a", 1, 2],
  ] as const) {
    await store.put(encodeTuple([...tuple]), "");
  }
  await withStudio({ store }, async (studio) => {
    assert.deepEqual((await call(studio, "division")).body.division, { kind: "tuple" });
    const level = async (start?: string) =>
      (await call(studio, "tree", { tuple: true, ...(start && { start }) })).body.branches as WireBranch[];
    const top = await level();
    assert.deepEqual(
      top.map(({ label, count }) => [label, count]),
      [
        ['"a"', 1],
        ['"a\\u0000b"', 1],
        ['"user"', 3],
      ],
    );
    assert.deepEqual(
      (await level(top[2]?.start)).map(({ label, count }) => [label, count]),
      [
        ["7n", 2],
        ["8n", 1],
      ],
    );
  });
});

test("a search finds text in keys and values, and tells where it would continue", async () => {
  const store = await storeOf({ a1: "needle", b2: "hay NEEDLE", needle: "hay", z: "hay" });
  await withStudio({ store }, async (studio) => {
    const found = async (fields: object) => {
      const all = (await call(studio, "search", fields)).body as { row?: WireRow }[];
      return [keysOf(all.flatMap(({ row }) => row ?? [])), all.at(-1)];
    };
    assert.deepEqual(await found({ text: "needle", inValues: true }), [["a1"], { visited: 4, hits: 1, done: true }]);
    const [keys] = await found({ text: "Needle", inKeys: true, inValues: true, ignoreCase: true });
    assert.deepEqual(keys, ["a1", "b2", "needle"]);
    assert.deepEqual((await found({ bytes: toBase64(Uint8Array.of(0x4e)), inValues: true }))[0], ["b2"]);
    assert.deepEqual((await found({ text: "hay", inValues: true, from: key("c") }))[0], ["needle", "z"]);
    assert.equal((await call(studio, "search", { text: "a" })).status, 400);
  });
});

test("versions, and the store as it was", async () => {
  const store = await storeOf({ price: "10" });
  const first = store.version;
  await store.put("price", "12");
  await store.delete("price");
  await withStudio({ store }, async (studio) => {
    const { versions } = (await call(studio, "versions", { key: key("price") })).body;
    assert.deepEqual(
      versions.map(({ kind, value }: { kind: string; value?: string }) => [kind, value && textOf(value)]),
      [
        ["delete", undefined],
        ["put", "12"],
        ["put", "10"],
      ],
    );
    const value = await call(studio, "value", { key: key("price"), at: first });
    assert.deepEqual([value.body, value.headers.get("luge-version"), value.headers.get("luge-size")], ["10", "1", "2"]);
    const gone = await call(studio, "value", { key: key("price") });
    assert.deepEqual([gone.status, gone.body.error.code], [404, "NO_VALUE"]);
    assert.deepEqual((await call(studio, "history")).body, { oldest: 0, newest: 3 });
  });
});

test("the history ends where the store removed versions", async () => {
  const store = new MemoryStore({ numVersionsToKeep: 1 });
  for (let i = 0; i < 50; i++) await store.put("a", `${i}`);
  await withStudio({ store }, async (studio) => {
    const { oldest, newest } = (await call(studio, "history")).body;
    assert.equal(newest, 50);
    assert.equal((await call(studio, "keys", { at: oldest })).status, 200);
    if (oldest === 0) return;
    const before = await call(studio, "keys", { at: oldest - 1 });
    assert.equal(before.body.error.code, "VERSION_GONE");
  });
});

test("a feed continues where it ended, also within a commit", async () => {
  const store = await storeOf({ a: "1", b: "2", c: "3" });
  await withStudio({ store }, async (studio) => {
    const feed = async (fields: object, most: number) => {
      const leaving = new AbortController();
      const response = await fetch(`${studio.origin}/api/changes`, {
        method: "POST",
        headers: { "content-type": "application/json", "luge-token": studio.token },
        body: JSON.stringify(fields),
        signal: leaving.signal,
      });
      const changes: WireChange[] = [];
      let text = "";
      for await (const piece of response.body as ReadableStream<Uint8Array>) {
        text += new TextDecoder().decode(piece);
        const lines = text.split("\n");
        text = lines.pop() ?? "";
        for (const line of lines) {
          const { change } = JSON.parse(line) as { change?: WireChange };
          if (change) changes.push(change);
        }
        if (changes.length >= most) break;
      }
      leaving.abort();
      return changes.map(({ type, key }) => `${type} ${textOf(key)}`);
    };
    assert.deepEqual(await feed({ since: 0 }, 3), ["put a", "put b", "put c"]);
    await store.delete("a");
    assert.deepEqual(await feed({ since: 0, skip: 2 }, 2), ["put c", "delete a"]);
    const coming = feed({ since: store.version }, 1);
    await store.put("d", "4");
    assert.deepEqual(await coming, ["put d"]);
  });
});

test("writes keep what somebody else changed meanwhile", async () => {
  const store = await storeOf({ a: "1" });
  await withStudio({ store }, async (studio) => {
    const put = (fields: object) => call(studio, "put", { key: key("a"), value: key("2"), ...fields });
    assert.deepEqual((await put({ expected: 7 })).body.error.code, "CHANGED");
    assert.equal((await put({ expected: 0 })).status, 409);
    assert.deepEqual((await put({ expected: store.version })).body, { version: 2 });
    assert.equal((await put({ key: key("b"), expected: 0, ttl: 60_000 })).status, 200);
    assert.ok((await store.getEntry("b"))?.expiresAt);
    assert.equal((await call(studio, "delete", { key: key("a"), expected: 1 })).status, 409);
    assert.equal((await call(studio, "delete", { key: key("a"), expected: 2 })).status, 200);
    const operations = [
      { type: "put", key: key("c"), value: key("3") },
      { type: "delete", key: key("b") },
    ];
    assert.equal((await call(studio, "batch", { operations })).body.operations, 2);
    assert.deepEqual([...store.keys()], ["c"]);
    assert.equal((await call(studio, "batch", { operations: [{ type: "append", key: key("c") }] })).status, 400);
  });
});

test("a deletion of a range removes what its preview showed", async () => {
  const store = await storeOf(Object.fromEntries(Array.from({ length: 45 }, (_, i) => [`k${10 + i}`, ""])));
  await withStudio({ store }, async (studio) => {
    const range = { prefix: key("k") };
    const shown = (await call(studio, "preview", { range })).body;
    assert.deepEqual([shown.count, shown.first.length, textOf(shown.last.at(-1))], [45, 20, "k54"]);
    await store.put("k99", "later");
    assert.equal((await call(studio, "delete-range", { range, at: shown.at, count: 44 })).status, 400);
    assert.equal((await call(studio, "delete-range", { range, count: 45 })).status, 400);
    assert.equal((await call(studio, "delete-range", { range, at: shown.at, count: 45 })).body.deleted, 45);
    assert.deepEqual([...store.keys()], ["k99"]);
  });
});

test("an export has what luge load reads", async () => {
  const store = await storeOf({ "user/ada": "Lovelace" });
  await store.put("user/b", Uint8Array.of(255));
  await store.put("other", "");
  await withStudio({ store }, async (studio) => {
    const { body } = await call(studio, "export", { range: { prefix: key("user/") } });
    assert.deepEqual(body, [
      { key: "user/ada", value: "Lovelace" },
      { key: "user/b", value: { base64: "/w==" } },
    ]);
  });
});

test("what a place cannot do is said, and refused", async () => {
  await withStudio({}, async (studio) => {
    const place = (await call(studio, "place")).body;
    assert.equal(Object.values(place.can).includes(true), false);
    assert.equal(place.missing.length, 6);
    for (const route of ["metrics", "slow", "verify", "compact", "backups"]) {
      assert.equal((await call(studio, route)).body.error.code, "NOT_HERE", route);
    }
  });
  const store = await storeOf({ a: "1" });
  const can = {
    metrics: async () => store.metrics(),
    latencies: async () => store.latencies(),
    verify: (signal: AbortSignal) => store.verify({ signal }),
    compact: (signal: AbortSignal) => store.compact({ signal }),
    slow: () => [{ time: 1, message: "slow" }],
  };
  await withStudio({ store, place: can }, async (studio) => {
    const figures = (await call(studio, "metrics", { describe: true })).body;
    assert.equal(figures.metrics.puts, 1);
    assert.equal(figures.descriptions.puts.type, "counter");
    assert.ok("get" in figures.latencies);
    assert.deepEqual((await call(studio, "verify")).body.at(-1).result, { entries: 1, damages: [] });
    assert.ok("bytesAfter" in (await call(studio, "compact")).body.at(-1).result);
    assert.equal((await call(studio, "slow")).body.slow[0].message, "slow");
  });
});

test("fields of another type are refused by name", () =>
  withStudio({}, async (studio) => {
    for (const [fields, message] of [
      [{ limit: 0 }, /Wrong field 'limit': expected an integer from 1 to 500, got 0/],
      [{ limit: "7" }, /Wrong field 'limit'.*got "7"/],
      [{ from: "*" }, /Wrong field 'from': expected base64/],
      [{ from: "" }, /Wrong field 'from': expected a key of 1 to 65000 bytes/],
      [{ range: { gt: "YQ==", gte: "YQ==" } }, /at most one of gt and gte/],
      [{ range: { limit: 7 } }, /Wrong field 'limit': expected one of the fields prefix/],
      [{ at: -1 }, /Wrong field 'at'/],
      [{ reverse: 1 }, /Wrong field 'reverse': expected true or false, got 1/],
    ] as const) {
      const { status, body } = await call(studio, "keys", fields);
      assert.equal(status, 400);
      assert.match(body.error.message, message);
    }
  }));

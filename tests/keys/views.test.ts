/**
 * Views whose keys are tuples, or those of any other codec.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Change,
  type Codec,
  jsonCodec,
  type KeyCodec,
  MemoryFileSystem,
  MemoryStore,
  open,
  type Store,
  utf8Codec,
} from "../../mod.ts";
import { encodeTuple, type Tuple, type TuplePart, tupleKey, tupleKeyOf, tupleRange } from "../../src/keys/mod.ts";
import { misuse } from "../support/expect.ts";

const date = new Date("2026-01-02T03:04:05.678Z");
/** In their order. */
const KEYS: Tuple[] = [
  ["user"],
  ["user", Uint8Array.of(0, 255)],
  ["user", 7n],
  ["user", 7],
  ["user", 7, date],
  ["user", 7, date, null],
  ["user", 8.5],
  ["user\0", 1],
  ["users", 1],
];

/** On a store in memory, and on one on a disk. */
function check(what: string, use: (store: Store) => Promise<void>): void {
  test(`${what}: MemoryStore`, async () => {
    await using store = new MemoryStore();
    await use(store);
  });
  test(`${what}: SledStore`, async () => {
    await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
    await use(store);
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const viewOf = (store: Store) => store.view({ prefix: "t/", key: tupleKey, value: jsonCodec<number>() });

check("a view takes tuples, and gives them back", async (store) => {
  const view = viewOf(store);
  await store.batch(["t", "t0", "s/", "u"].map((key) => ({ type: "put", key, value: "outside" })));
  await view.put(KEYS[0] as Tuple, 0);
  view.putSync(KEYS[1] as Tuple, 1);
  await view.batch(KEYS.slice(2).map((key, i) => ({ type: "put", key, value: i + 2 })));
  assert.deepEqual(await view.get(["user", 7, date]), 4);
  assert.equal(view.getSync(["user", 7n]), 2);
  assert.equal(view.getSync(["nobody"]), undefined);
  assert.deepEqual(
    await view.getMany([
      ["user", 8.5],
      ["user", 9],
    ]),
    [6, undefined],
  );
  assert.deepEqual([await view.has(["user", 7]), view.hasSync(["user", 6])], [true, false]);
  assert.deepEqual([...view.keys()], KEYS);
  assert.deepEqual(await collect(view.keys({ reverse: true })), KEYS.toReversed());
  assert.deepEqual(
    await collect(view.entries()),
    KEYS.map((key, i) => [key, i]),
  );
  assert.deepEqual([...view.values({ limit: 2 })], [0, 1]);
  assert.equal(await view.count(), KEYS.length);
  await view.delete(["user", 7, date]);
  view.deleteSync(["users", 1]);
  assert.equal(await view.count(), KEYS.length - 2);
});

check("ranges of a view take tuples", async (store) => {
  const view = viewOf(store);
  await view.batch(KEYS.map((key, value) => ({ type: "put", key, value })));
  const found = (range: Parameters<typeof view.values>[0]) => [...view.values(range)];
  assert.deepEqual(found({ prefix: ["user"] }), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(found({ prefix: ["user", 7] }), [3, 4, 5]);
  assert.deepEqual(found({ prefix: ["user", 7], gt: ["user", 7] }), [4, 5]);
  assert.deepEqual(found({ prefix: ["user", 7], lt: ["user", 7, date, null] }), [3, 4]);
  assert.deepEqual(found({ prefix: ["user", 7], reverse: true, limit: 1 }), [5]);
  assert.deepEqual(found({ prefix: [] }), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(found({ gt: [] }), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(found({ gte: ["user", 7], lte: ["user", 8.5] }), [3, 4, 5, 6]);
  assert.deepEqual(found({ gt: ["user", 7, date], lt: ["users"] }), [5, 6, 7]);
  assert.deepEqual(found({ prefix: ["nobody"] }), []);
  assert.equal(await view.count({ prefix: ["user", 7] }), 3);
  assert.deepEqual([...store.entries({ ...tupleRange(["a"]), keyEncoding: "bytes" })], []);
  assert.equal(await view.deleteRange({ prefix: ["user"] }), 7);
  assert.deepEqual(
    [...view.keys()],
    [
      ["user\0", 1],
      ["users", 1],
    ],
  );
});

check("a page of a view begins behind the last key of the one before", async (store) => {
  const view = viewOf(store);
  await view.batch(KEYS.map((key, value) => ({ type: "put", key, value })));
  const pages: Tuple[] = [];
  for (let last: Tuple | undefined; ; ) {
    const page: Tuple[] = [...view.keys({ limit: 2, ...(last ? { gt: last } : {}) })];
    pages.push(...page);
    last = page.at(-1);
    if (!last) break;
  }
  assert.deepEqual(pages, KEYS);
});

check("a watch of a view tells keys and values as the view has them", async (store) => {
  const view = viewOf(store);
  await store.put("t", "outside");
  await view.put(["b"], 1);
  await view.put(["a", 1], 2, { ttl: 3_600_000 });
  await view.delete(["a", 1]);
  const watch = async (range: Parameters<typeof view.watch>[0], count: number) => {
    const changes: Change<Tuple, number>[] = [];
    for await (const change of view.watch(range, { since: 0 })) if (changes.push(change) === count) break;
    return changes;
  };
  const all = await watch({}, 3);
  assert.deepEqual(
    all.map(({ type, key, value }) => [type, key, value]),
    [
      ["put", ["b"], 1],
      ["put", ["a", 1], 2],
      ["delete", ["a", 1], undefined],
    ].slice(0, all.length),
  );
  assert.ok((all[1]?.expiresAt ?? 0) > Date.now());
  assert.deepEqual((await watch({ prefix: ["a"] }, 1))[0]?.key, ["a", 1]);
  const strings = store.view({ prefix: "s/", value: utf8Codec });
  await strings.put("key", "text");
  for await (const { key, value, version } of strings.watch({}, { since: 0 })) {
    assert.deepEqual([key, value, version], ["key", "text", store.version]);
    break;
  }
  const controller = new AbortController();
  const pending = view
    .watch({ prefix: ["later"] }, { signal: controller.signal })
    [Symbol.asyncIterator]()
    .next();
  await view.put(["later", 1], 9);
  assert.deepEqual((await pending).value?.key, ["later", 1]);
  const waiting = view.watch({}, { signal: controller.signal })[Symbol.asyncIterator]().next();
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  assert.throws(() => view.watch({ prefix: "user" } as never), misuse(TypeError, "as a tuple"));
  assert.throws(() => view.watch({}, { sinc: 1 } as never), misuse(TypeError, "did you mean 'since'"));
});

check("a view in a view has keys of its own", async (store) => {
  const outer = store.view({ prefix: "a/", key: tupleKey, value: utf8Codec });
  const inner = outer.view({ prefix: "b/", key: tupleKeyOf<[name: string, size: number]>(), value: utf8Codec });
  await inner.put(["x", 1], "v");
  for (const [[name, size], value] of inner.entries({ prefix: ["x"] })) {
    assert.equal(`${name} ${size.toFixed()} ${value}`, "x 1 v");
  }
  assert.deepEqual(
    [...store.keys({ keyEncoding: "bytes" })],
    [new Uint8Array([...new TextEncoder().encode("a/b/"), ...encodeTuple(["x", 1])])],
  );
});

check("a view refuses wrong keys and ranges, before anything is written", async (store) => {
  const view = viewOf(store);
  await view.put(["kept"], 1);
  await assert.rejects(view.put("user" as never, 1), misuse(TypeError, "Cannot use a string as a tuple"));
  await assert.rejects(view.put([undefined as never], 1), misuse(TypeError, "the part [0]"));
  await assert.rejects(view.put([], 1), misuse(RangeError, "empty key"));
  await assert.rejects(view.batch([{ type: "put", key: ["a"], value: 1 }, { type: "delete" } as never]), TypeError);
  await assert.rejects(view.put(["k".repeat(64_997)], 1), misuse(RangeError, "65001 bytes"));
  assert.throws(() => view.entries({ lt: [] }), misuse(RangeError, "below every key"));
  assert.throws(() => view.entries({ gt: "a" as never }), misuse(TypeError, "as a tuple"));
  assert.throws(() => view.entries({ prefx: [] } as never), misuse(TypeError, "did you mean 'prefix'"));
  assert.throws(() => view.entries(new Map() as never), misuse(TypeError, "as a range"));
  await assert.rejects(view.deleteRange(undefined as never), misuse(TypeError, "without a range"));
  await assert.rejects(view.deleteRange({ prefix: undefined as never }), misuse(TypeError, "'prefix'"));
  await assert.rejects(view.deleteRange(Promise.resolve({}) as never), misuse(TypeError, "as a range"));
  assert.deepEqual([...store.keys({ keyEncoding: "bytes" })].length, 1);
  const wrong = store.view.bind(store) as unknown as (options: unknown) => unknown;
  assert.throws(() => wrong({ prefix: "", value: utf8Codec, key: {} }), misuse(TypeError, "'key'"));
  assert.throws(
    () => wrong({ prefix: "", value: utf8Codec, codec: utf8Codec }),
    misuse(TypeError, "expected 'value' alone"),
  );
  assert.throws(() => wrong({ prefix: "", value: {} }), misuse(TypeError, "'value'"));
  assert.throws(() => wrong({ prefix: "", codec: {} }), misuse(TypeError, "'value'"));
});

check("a key that is no tuple fails the walk that meets it", async (store) => {
  const view = viewOf(store);
  await store.put("t/text", "1");
  assert.throws(() => [...view.keys()], SyntaxError);
  await assert.rejects(collect(view.entries()), SyntaxError);
  await assert.rejects(async () => {
    for await (const change of view.watch({}, { since: 0 })) assert.fail(String(change));
  }, SyntaxError);
  assert.deepEqual([...view.values()], [1]);
});

check("any object with encode and decode is a codec of keys", async (store) => {
  const kept: Uint8Array[] = [];
  const numbers: KeyCodec<number> = {
    encode: (key) => String(key).padStart(4, "0"),
    decode(bytes) {
      kept.push(bytes);
      return Number(new TextDecoder().decode(bytes));
    },
  };
  const view = store.view({ prefix: "n/", key: numbers, value: utf8Codec });
  for (const key of [10, 9, 100]) await view.put(key, String(key));
  assert.deepEqual([...view.keys({ gte: 10 })], [10, 100]);
  assert.deepEqual([...view.entries({ prefix: 9 })], [[9, "9"]]);
  // It may do to its bytes what it likes.
  for (const bytes of kept) bytes.fill(0);
  assert.deepEqual([...view.keys()], [9, 10, 100]);
  for await (const { key } of view.watch({}, { since: 0 })) {
    assert.equal(key, 10);
    break;
  }
  for (const bytes of kept) bytes.fill(0);
  assert.deepEqual([...view.keys()], [9, 10, 100]);
});

check("a view without a key codec has strings as keys, also those that are not ASCII", async (store) => {
  const view = store.view({ prefix: "s/", value: utf8Codec });
  for (const key of ["a", "ü", "😀"]) await view.put(key, "v");
  assert.deepEqual([...view.keys()], ["a", "ü", "😀"]);
  assert.deepEqual([...view.entries()][1], ["ü", "v"]);
  await store.put(Uint8Array.of(0x73, 0x2f, 0xff), "no UTF-8");
  assert.throws(() => [...view.keys()], misuse(TypeError, "not UTF-8"));
  assert.equal([...view.values()].length, 4);
});

check("values of a page are decoded together, where the codec can", async (store) => {
  const pages: number[] = [];
  const single: string[] = [];
  const decode = (bytes: Uint8Array) => {
    const text = new TextDecoder().decode(bytes);
    if (text === "bad") throw new SyntaxError("bad");
    return text;
  };
  const codec: Codec<string> = {
    encode: (value) => value,
    decode(bytes) {
      single.push("");
      return decode(bytes);
    },
    decodeMany(values) {
      pages.push(values.length);
      return values.map(decode);
    },
  };
  const view = store.view({ prefix: "v/", value: codec });
  const names = Array.from({ length: 2000 }, (_, i) => String(i).padStart(5, "0"));
  await view.batch(names.map((name) => ({ type: "put", key: name, value: name })));
  assert.deepEqual([...view.values()], names);
  assert.deepEqual(
    (await collect(view.entries())).map(([, value]) => value),
    names,
  );
  assert.equal(single.length, 0);
  assert.ok(pages.length < 50 && pages.reduce((sum, count) => sum + count, 0) === 2 * names.length);
  // The error of a value comes when it is reached, and takes nothing from those before it.
  await view.put("00003", "bad");
  const seen: string[] = [];
  assert.throws(() => {
    for (const value of view.values()) seen.push(value);
  }, /bad/);
  assert.deepEqual(seen, names.slice(0, 3));
  // One that answers with another number of values is not believed.
  const short = store.view({ prefix: "v/", value: { ...codec, decodeMany: () => [] } });
  assert.deepEqual([...short.values({ limit: 2 })], names.slice(0, 2));
});

check("jsonCodec decodes pages of all kinds of text", async (store) => {
  const view = store.view({ prefix: "j/", value: jsonCodec<unknown>() });
  const values = Array.from({ length: 300 }, (_, i) => (i < 150 ? { i } : { i, text: "Straße 😀".slice(0, i % 9) }));
  await view.batch(values.map((value, i) => ({ type: "put", key: String(i).padStart(4, "0"), value })));
  assert.deepEqual([...view.values()], JSON.parse(JSON.stringify(values)));
  await store.put("j/0200", "{");
  let count = 0;
  assert.throws(() => {
    for (const _ of view.values()) count += 1;
  }, SyntaxError);
  assert.equal(count, 200);
});

test("types follow the codecs", async () => {
  const store = new MemoryStore();
  const view = store.view({ prefix: "", key: tupleKeyOf<readonly ["a", number]>(), value: utf8Codec });
  await view.put(["a", 1], "b");
  // @ts-expect-error a part is missing
  const missing = () => view.put(["a"], "b");
  // @ts-expect-error another type
  const other = () => view.get(["a", "b"]);
  // @ts-expect-error a range takes what begins a tuple
  const range = () => view.keys({ prefix: ["b"] });
  const parts: readonly TuplePart[][] = [[missing, other, range].map(String)];
  assert.equal(parts.length, 1);
  const [[key] = []] = [...view.entries()];
  const number: number | undefined = key?.[1];
  assert.equal(number, 1);
});

/**
 * Which reads of etcd travel together, over an answer that the test gives.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GatheredReads, type RawFound } from "../../src/servers/etcd/gathered_reads.ts";

const MOST_KEYS = 4;
const bytes = (name: string) => new TextEncoder().encode(name);
const text = new TextDecoder();

/** Answers each key with its own name as value, and records the requests. A request with `bad` fails. */
function setUp() {
  const requests: string[][] = [];
  const reads = new GatheredReads(async (keys): Promise<RawFound> => {
    const names = keys.map((key) => text.decode(key));
    requests.push(names);
    if (names.includes("bad")) throw new Error("refused");
    const kvs = names.map((name) =>
      name === "none" ? undefined : { key: name, value: `of ${name}`, mod_revision: "1" },
    );
    return { version: requests.length, revision: 7, kvs };
  }, MOST_KEYS);
  const ask = async (...names: string[]) => (await reads.ask(names.map(bytes))).kvs.map((kv) => kv?.value);
  return { requests, reads, ask };
}

test("reads of one turn are one request, and each gets its own", async () => {
  const { requests, ask } = setUp();
  const answers = await Promise.all([ask("a"), ask("none", "b"), ask("a")]);
  assert.deepEqual(answers, [["of a"], [undefined, "of b"], ["of a"]]);
  assert.deepEqual(requests, [["a", "none", "b", "a"]]);
});

test("tasks that go on with their answers are together again", async () => {
  const { requests, ask } = setUp();
  const task = async (name: string) => {
    for (let i = 0; i < 3; i++) assert.deepEqual(await ask(`${name}${i}`), [`of ${name}${i}`]);
  };
  await Promise.all(["a", "b", "c"].map(task));
  assert.deepEqual(
    requests,
    [0, 1, 2].map((i) => [`a${i}`, `b${i}`, `c${i}`]),
  );
});

test("a read never waits for one that is on its way: it sees what was written before it began", async () => {
  const { requests, ask, reads } = setUp();
  const first = reads.ask([bytes("a")]);
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(requests.length, 1);
  assert.deepEqual(await ask("a"), ["of a"]);
  assert.equal((await first).version, 1);
  assert.equal(requests.length, 2);
});

test("a group has no more keys than a request may have, and a larger read goes alone", async () => {
  const { requests, ask } = setUp();
  const answers = await Promise.all([
    ask("a", "b", "c"),
    ask("d", "e"),
    ask("1", "2", "3", "4", "5"),
    ask("f"),
    ask("g"),
    ask("h"),
  ]);
  assert.deepEqual(
    answers.flat(),
    [..."abcde12345fgh"].map((name) => `of ${name}`),
  );
  assert.deepEqual(requests.map((names) => names.join("")).sort(), ["12345", "abc", "defg", "h"]);
});

test("a request that fails is the error of its reads, and of no others", async () => {
  const { ask } = setUp();
  const settled = await Promise.allSettled([ask("a", "b", "bad"), ask("c", "d"), ask("e")]);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ["rejected", "fulfilled", "fulfilled"],
  );
  assert.deepEqual(await ask("a"), ["of a"]);
});

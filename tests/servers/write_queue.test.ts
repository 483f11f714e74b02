/**
 * Group commit: which writes travel together, and in which order, over a backend that the test answers for.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { AsyncBackend, BackendLimits, CommitOutcome, CommitRequest } from "../../src/servers/backend.ts";
import { WriteQueue } from "../../src/servers/write_queue.ts";
import { LIMITS } from "./fake_server.ts";

const key = (name: string) => new TextEncoder().encode(name);
const put = (name: string, bytes = 1): CommitRequest => ({
  operations: [{ key: key(name), value: new Uint8Array(bytes), expiresMs: 0 }],
  checks: [],
  reads: undefined,
});
const remove = (name: string): CommitRequest => ({
  operations: [{ key: key(name), value: undefined, expiresMs: 0 }],
  checks: [],
  reads: undefined,
});
const change = (name: string): CommitRequest => ({
  operations: [{ key: key(name), change: () => undefined }],
  checks: [],
  reads: undefined,
});
const checked = (request: CommitRequest, name: string): CommitRequest => ({
  ...request,
  checks: [{ key: key(name), version: 1 }],
});
const reading = (request: CommitRequest, lower: string, upper: string): CommitRequest => ({
  ...request,
  reads: { since: 1, keys: [], ranges: [{ lower: key(lower), upper: key(upper) }] },
});

/** The names of the keys of each group that a queue made of requests. */
async function groupsOf(requests: readonly CommitRequest[], limits: Partial<BackendLimits> = {}): Promise<string[]> {
  const groups: string[] = [];
  const commit = async (group: readonly CommitRequest[]): Promise<CommitOutcome[]> => {
    groups.push(group.map(({ operations: [first] }) => new TextDecoder().decode(first?.key)).join(" "));
    return group.map((_, i) => ({ state: "done", version: i + 1, existed: 0 }));
  };
  const queue = new WriteQueue({ limits: { ...LIMITS, ...limits }, commit } as unknown as AsyncBackend, () => {});
  await Promise.all(requests.map((request) => queue.submit(request)));
  return groups;
}

test("writes of one turn are one group, up to the limits of the backend", async () => {
  assert.deepEqual(await groupsOf(["a", "b", "c", "a"].map((name) => put(name))), ["a b c a"]);
  assert.deepEqual(await groupsOf(["a", "b", "c", "d", "e"].map((name) => put(name))), ["a b c d", "e"]);
  assert.deepEqual(await groupsOf([put("a", 600), put("b", 600), put("c", 5000), put("d")]), ["a", "b", "c", "d"]);
  assert.deepEqual(
    await groupsOf(
      ["a", "b"].map((name) => put(name)),
      { groupRequests: 1 },
    ),
    ["a", "b"],
  );
  const four: CommitRequest = { ...put("c"), operations: ["c", "d", "e", "f"].flatMap((name) => put(name).operations) };
  assert.deepEqual(await groupsOf([put("a"), put("b"), four, put("g")]), ["a b c", "g"]);
  assert.deepEqual(await groupsOf([put("a"), put("a")], { writesKeysOnce: true }), ["a", "a"]);
});

test("a request that depends on a key of the group begins the next one", async () => {
  assert.deepEqual(await groupsOf([put("a"), remove("a")]), ["a", "a"]);
  assert.deepEqual(await groupsOf([put("a"), remove("b")]), ["a b"]);
  assert.deepEqual(await groupsOf([put("a"), checked(put("b"), "a")]), ["a", "b"]);
  assert.deepEqual(await groupsOf([put("a"), reading(put("z"), "a", "b")]), ["a", "z"]);
  assert.deepEqual(await groupsOf([put("b"), reading(put("z"), "a", "b")]), ["b z"]);
  assert.deepEqual(await groupsOf([put("a"), change("a"), change("a")]), ["a a a"]);
  assert.deepEqual(await groupsOf([checked(put("a"), "x"), change("a")]), ["a", "a"]);
});

test("one group is on its way at a time, later writes wait for earlier reads, and a failure is that of its group", async () => {
  let [running, most, failing] = [0, 0, true];
  const commit = async (group: readonly CommitRequest[]): Promise<CommitOutcome[]> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
    if (failing) throw new Error("lost");
    return group.map(() => ({ state: "done", version: 1, existed: 0 }));
  };
  const queue = new WriteQueue({ limits: LIMITS, commit } as unknown as AsyncBackend, () => {});
  const first = Array.from({ length: 4 }, (_, i) => queue.submit(put(`a${i}`)));
  const second = queue.submit(put("b"));
  assert.deepEqual(
    (await Promise.allSettled(first)).map(({ status }) => status),
    Array(4).fill("rejected"),
  );
  failing = false;
  assert.equal((await second).state, "done");
  assert.equal(most, 1);
  const order: string[] = [];
  let answer = (): void => {};
  const read = queue.before(
    new Promise<void>((resolve) => {
      answer = resolve;
    }).then(() => order.push("read")),
  );
  const write = queue.submit(put("c")).then(() => order.push("write"));
  setTimeout(answer, 5);
  await Promise.all([read, write]);
  assert.deepEqual(order, ["read", "write"]);
  await queue.idle();
});

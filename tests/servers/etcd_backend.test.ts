/**
 * etcd as a backend, on a node of its own: each test has a prefix of its own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { StoreError, type StoreErrorCode } from "../../mod.ts";
import { EtcdCluster } from "../../scripts/lib/services/etcd.ts";
import type { CommitOutcome, CommitRequest } from "../../src/servers/backend.ts";
import { EtcdBackend } from "../../src/servers/etcd/backend.ts";
import { checkOptions, type EtcdOptions } from "../../src/servers/etcd/options.ts";
import { etcdTest, HAS_ETCD, withEtcd } from "../support/services/etcd.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();
const bytes = (value: string) => utf8.encode(value);

let cluster: EtcdCluster;
before(async () => {
  if (HAS_ETCD) cluster = await EtcdCluster.start();
});
after(() => cluster?.end());

/** Runs `use` with a backend of its own prefix, and closes it. */
async function withBackend(
  prefix: string,
  use: (backend: EtcdBackend, again: () => Promise<EtcdBackend>) => Promise<void>,
  more: Partial<EtcdOptions> = {},
): Promise<void> {
  const opened: EtcdBackend[] = [];
  const again = async () => {
    const backend = await EtcdBackend.open(checkOptions({ endpoints: cluster.endpoints, prefix, ...more }));
    opened.push(backend);
    return backend;
  };
  try {
    await use(await again(), again);
  } finally {
    for (const backend of opened) await backend.close();
  }
}

const request = (more: Partial<CommitRequest>): CommitRequest => ({
  operations: [],
  checks: [],
  reads: undefined,
  ...more,
});
const put = (key: string, value: string, expiresMs = 0) => ({ key: bytes(key), value: bytes(value), expiresMs });
const remove = (key: string) => ({ key: bytes(key), value: undefined, expiresMs: 0 });

/** The error of a call that must fail with this code. */
async function rejectsWith(call: Promise<unknown>, code: StoreErrorCode): Promise<StoreError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StoreError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}

/** The outcome of one request. */
async function commit(backend: EtcdBackend, more: Partial<CommitRequest>): Promise<CommitOutcome> {
  const [outcome] = await backend.commit([request(more)]);
  assert.ok(outcome);
  return outcome;
}

/** Commits one request that must be done. Returns its version. */
async function done(backend: EtcdBackend, more: Partial<CommitRequest>): Promise<number> {
  const outcome = await commit(backend, more);
  assert.equal(outcome.state, "done");
  return outcome.state === "done" ? outcome.version : 0;
}

async function valueAt(backend: EtcdBackend, key: string, version?: number): Promise<string | undefined> {
  const [found] = await backend.read([bytes(key)], version);
  return found && text.decode(found.value);
}

async function keysOf(backend: EtcdBackend, range = {}): Promise<string[]> {
  const keys: string[] = [];
  let page = await backend.scan(range);
  for (;;) {
    keys.push(...page.entries.map(({ key }) => text.decode(key)));
    if (page.last === undefined) return keys;
    page = await backend.scan({ ...range, version: page.version, lower: page.last, lowerIncluded: false });
  }
}

etcdTest("etcd: a value is read at the newest version and at an old one", () =>
  withBackend("t-read/", async (backend) => {
    assert.equal(await backend.newest(), 0);
    const first = await done(backend, { operations: [put("a", "1"), put("b", "2")] });
    const second = await done(backend, { operations: [put("a", "3")] });
    assert.ok(second > first);
    assert.equal(await backend.newest(), second);
    assert.equal(await valueAt(backend, "a"), "3");
    assert.equal(await valueAt(backend, "a", first), "1");
    assert.equal(await valueAt(backend, "a", 0), undefined);
    assert.deepEqual(await keysOf(backend), ["a", "b"]);
    const [, found] = await backend.read([bytes("none"), bytes("b")]);
    assert.equal(found?.version, first);
    const versions = await backend.versions(bytes("a"));
    assert.deepEqual(
      versions.map(({ version }) => version),
      [second, first],
    );
  }),
);

etcdTest("etcd: reads that begin together are one call, and a damaged entry fails its own read alone", () =>
  withBackend("together/", async (backend) => {
    const names = Array.from({ length: 40 }, (_, i) => `k${i}`);
    const large = "x".repeat(600_000);
    const operations = [...names.map((name) => put(name, `of ${name}`)), put("large", large)];
    await backend.commit([request({ operations })]);
    const { calls } = backend.figures();
    const read = async (name: string) => (await backend.read([bytes(name)]))[0]?.value;
    const found = await Promise.all([...names, "none", "large"].map(read));
    assert.deepEqual(
      found.map((value) => value && text.decode(value)),
      [...names.map((name) => `of ${name}`), undefined, large],
    );
    // 42 keys are two requests; then come the pieces of the large value.
    assert.ok(backend.figures().calls - calls <= 4, `${backend.figures().calls - calls} calls`);
    const damaged = JSON.stringify({ key: btoa("together/ek7"), value: btoa("\xff") });
    await fetch(`${cluster.endpoints[0]}/v3/kv/put`, { method: "POST", body: damaged });
    const settled = await Promise.allSettled(["k6", "k7", "k8"].map(read));
    assert.deepEqual(
      settled.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
  }),
);

etcdTest("etcd: a deletion says whether there was a value, and writes nothing without one", () =>
  withBackend("t-delete/", async (backend) => {
    assert.deepEqual(await commit(backend, { operations: [remove("a")] }), { state: "done", version: 0, existed: 0 });
    assert.equal(await backend.newest(), 0);
    await done(backend, { operations: [put("a", "1"), put("b", "1", Date.now() + 3_600_000)] });
    for (const key of ["a", "b"]) {
      const outcome = await commit(backend, { operations: [remove(key)] });
      assert.ok(outcome.state === "done" && outcome.existed === 1, key);
      const version = await backend.newest();
      const again = await commit(backend, { operations: [remove(key)] });
      assert.ok(again.state === "done" && again.existed === 0, key);
      assert.equal(await backend.newest(), version);
    }
    assert.equal((await backend.count({})).sum, 0);
    assert.equal(await valueAt(backend, "a"), undefined);
  }),
);

etcdTest("etcd: checks of versions, of no value, and of values that expire", () =>
  withBackend("t-checks/", async (backend) => {
    const key = bytes("k");
    const check = (version: number) => ({ checks: [{ key, version }], operations: [put("k", "next")] });
    assert.equal((await commit(backend, check(7))).state, "refused");
    const first = await done(backend, check(0));
    assert.equal((await commit(backend, check(0))).state, "refused");
    await done(backend, check(first));
    await done(backend, { operations: [remove("k")] });
    assert.equal((await commit(backend, check(first))).state, "refused");
    await done(backend, check(0));
    const leased = await done(backend, { operations: [put("k", "for an hour", Date.now() + 3_600_000)] });
    assert.equal((await commit(backend, check(0))).state, "refused");
    await done(backend, check(leased));
    const expired = await done(backend, { operations: [put("k", "gone", Date.now() - 1)] });
    assert.equal(await valueAt(backend, "k"), undefined);
    assert.equal((await commit(backend, check(expired))).state, "refused");
    await done(backend, check(0));
    assert.equal(await valueAt(backend, "k"), "next");
    const looked = await commit(backend, { checks: [{ key, version: 0 }] });
    assert.equal(looked.state, "refused");
  }),
);

etcdTest("etcd: a group decides each request on its own, and all see the same state", () =>
  withBackend("t-group/", async (backend) => {
    const version = await done(backend, { operations: [put("a", "1"), put("b", "1"), put("c", "1")] });
    const outcomes = await backend.commit([
      request({ operations: [put("x", "1")] }),
      request({ operations: [put("a", "2")], checks: [{ key: bytes("a"), version }] }),
      request({ operations: [put("b", "2")], checks: [{ key: bytes("b"), version: version - 1 }] }),
      request({ operations: [remove("c")] }),
      request({ operations: [remove("none")] }),
      request({
        operations: [{ key: bytes("n"), change: (found) => ({ value: found?.value ?? bytes("0"), expiresMs: 0 }) }],
      }),
      request({
        operations: [
          put("never", "1"),
          {
            key: bytes("m"),
            change: () => {
              throw new RangeError("no");
            },
          },
        ],
      }),
    ]);
    assert.deepEqual(
      outcomes.map(({ state }) => state),
      ["done", "done", "refused", "done", "done", "done", "failed"],
    );
    const existed = outcomes.map((outcome) => (outcome.state === "done" ? outcome.existed : undefined));
    assert.deepEqual(existed.slice(3, 5), [1, 0]);
    assert.deepEqual(await keysOf(backend), ["a", "b", "n", "x"]);
    assert.equal(await valueAt(backend, "a"), "2");
    assert.equal(await valueAt(backend, "b"), "1");
  }),
);

etcdTest("etcd: a transaction is refused if a key or a range that it read has changed, also by a deletion", () =>
  withBackend("t-reads/", async (backend) => {
    const since = await done(backend, { operations: [put("a", "1"), put("m", "1"), put("z", "1")] });
    const reads = (more: object) => ({ since, keys: [], ranges: [], ...more });
    await done(backend, { operations: [put("other", "1")] });
    const range = { lower: bytes("l"), upper: bytes("n") };
    await done(backend, { operations: [put("w1", "1")], reads: reads({ keys: [bytes("a")], ranges: [range] }) });
    await done(backend, { operations: [remove("m")] });
    const after = { operations: [put("w2", "1")], reads: reads({ ranges: [range] }) };
    assert.equal((await commit(backend, after)).state, "refused");
    assert.equal(
      (await commit(backend, { operations: [put("w3", "1")], reads: reads({ ranges: [{}] }) })).state,
      "refused",
    );
    await done(backend, { operations: [put("w4", "1")], reads: reads({ keys: [bytes("a")] }) });
    const many = Array.from({ length: 500 }, (_, i) => bytes(`many/${String(i).padStart(3, "0")}`));
    await done(backend, { operations: [put("w5", "1")], reads: reads({ keys: many }) });
    await done(backend, { operations: [put("many/250", "1")] });
    const late = { operations: [put("w6", "1")], reads: reads({ keys: many }) };
    assert.equal((await commit(backend, late)).state, "refused");
    assert.deepEqual(
      (await keysOf(backend)).filter((key) => key.startsWith("w")),
      ["w1", "w4", "w5"],
    );
  }),
);

etcdTest("etcd: changes of one value by many clients, each counted once", () =>
  withBackend("t-counter/", async (backend, again) => {
    const others = [backend, await again(), await again()];
    const count = async (client: EtcdBackend) => {
      for (let i = 0; i < 20; i++) {
        const change = (found: { readonly value: Uint8Array } | undefined) => ({
          value: bytes(String(Number(found ? text.decode(found.value) : 0) + 1)),
          expiresMs: 0,
        });
        await done(client, { operations: [{ key: bytes("n"), change }] });
      }
    };
    await Promise.all(others.map(count));
    assert.equal(await valueAt(backend, "n"), "60");
  }),
);

etcdTest("etcd: large values in pieces, at each version, and removed when nothing shows them", () =>
  withBackend("t-pieces/", async (backend) => {
    const large = (fill: number, length: number) => new Uint8Array(length).fill(fill);
    const key = bytes("large");
    const sizes = [0, 256 * 1024, 256 * 1024 + 1, 1024 * 1024, 3 * 1024 * 1024 + 17];
    for (const [i, size] of sizes.entries()) {
      const version = await done(backend, { operations: [{ key, value: large(i, size), expiresMs: 0 }] });
      const [found] = await backend.read([key], version);
      assert.deepEqual(found, { value: large(i, size), version, expiresMs: 0 });
    }
    const versions = await backend.versions(key);
    assert.deepEqual(
      versions.map(({ value }) => value?.length),
      sizes.toReversed(),
    );
    const page = await backend.changes({}, 0, undefined);
    assert.ok(page.changes.length > 0);
    const many = Array.from({ length: 20 }, (_, i) => ({
      key: bytes(`many/${i}`),
      value: large(i, 200_000),
      expiresMs: 0,
    }));
    await done(backend, { operations: many });
    for (const [i, found] of (await backend.read(many.map((each) => each.key))).entries()) {
      assert.deepEqual(found?.value, large(i, 200_000));
    }
  }),
);

etcdTest("etcd: more than etcd takes is refused with a clear error, and nothing is written", () =>
  withBackend("t-limits/", async (backend) => {
    assert.equal(backend.limits.operations, 120);
    const most = Array.from({ length: 120 }, (_, i) => put(`k${i}`, "v"));
    await done(backend, { operations: most });
    await done(backend, { operations: most.map(({ key }) => ({ key, value: undefined, expiresMs: 0 })) });
    const before = await backend.newest();
    const keys = Array.from({ length: 60 }, (_, i) => put(`${i}/${"k".repeat(60_000)}`, "v"));
    const outcome = await commit(backend, { operations: keys });
    assert.ok(outcome.state === "failed" && outcome.error instanceof RangeError);
    assert.match(outcome.error.message, /Cannot commit 60 keys of 36\d+ bytes: etcd takes 1258291 bytes/);
    assert.equal(await backend.newest(), before);
  }),
);

etcdTest("etcd: pages of a range in both directions, with keys alone, and a count", () =>
  withBackend("t-pages/", async (backend) => {
    const names = Array.from({ length: 600 }, (_, i) => `k${String(i).padStart(4, "0")}`);
    for (let start = 0; start < names.length; start += 100) {
      const expiresMs = start === 300 ? Date.now() + 3_600_000 : 0;
      await done(backend, { operations: names.slice(start, start + 100).map((name) => put(name, "v", expiresMs)) });
    }
    await done(backend, { operations: names.slice(50, 60).map(remove) });
    const left = names.filter((_, i) => i < 50 || i >= 60);
    assert.deepEqual(await keysOf(backend), left);
    assert.deepEqual(await keysOf(backend, { keysOnly: true }), left);
    const reverse = await backend.scan({ reverse: true, limit: 3, upper: bytes("k0061"), upperIncluded: true });
    assert.deepEqual(
      reverse.entries.map(({ key }) => text.decode(key)),
      ["k0061", "k0060", "k0049"].slice(0, reverse.entries.length),
    );
    let [sum, last]: [number, Uint8Array | undefined] = [0, undefined];
    do {
      const page = await backend.count(last ? { lower: last, lowerIncluded: false } : {});
      sum += page.sum;
      last = page.last;
    } while (last);
    assert.equal(sum, left.length);
  }),
);

etcdTest("etcd: changes from the start, from memory, and after a compaction", () =>
  withBackend("t-changes/", async (backend, again) => {
    const first = await done(backend, { operations: [put("b", "1"), put("a", "1")] });
    const second = await done(backend, { operations: [remove("a")] });
    const shown = async (since: number, client = backend) => {
      const page = await client.changes({}, since, undefined);
      return page.changes.map(({ key, version, value }) => [text.decode(key), version, value && text.decode(value)]);
    };
    const all = [
      ["a", first, "1"],
      ["b", first, "1"],
      ["a", second, undefined],
    ];
    assert.deepEqual(await shown(0), all);
    assert.deepEqual(await shown(first), all.slice(2));
    assert.deepEqual(await shown(second), []);
    // A second client waits, and learns of the next commit from its stream.
    const other = await again();
    const news = other.news(second, new AbortController().signal);
    const third = await done(backend, { operations: [put("c", "1")] });
    await news;
    assert.deepEqual(await shown(second, other), [["c", third, "1"]]);
    await assert.rejects(other.news(third, AbortSignal.abort(new Error("enough"))), /enough/);
    const last = await done(backend, { operations: [put("c", "2")] });
    const [url] = cluster.endpoints;
    const revision = String(last);
    await fetch(`${url}/v3/kv/compaction`, { method: "POST", body: JSON.stringify({ revision, physical: true }) });
    const gone = await rejectsWith(backend.changes({}, 0, undefined), "VERSION_GONE");
    assert.equal(gone.version, last);
    await rejectsWith(backend.read([bytes("a")], first), "VERSION_GONE");
    await rejectsWith(backend.hold(first), "VERSION_GONE");
    assert.equal(await valueAt(backend, "c"), "2");
  }),
);

etcdTest("etcd: a backup is visible only at its end, at its version; versions grow from there", () =>
  withBackend("t-restore/", async (backend, again) => {
    const other = await again();
    const sink = await backend.restore({ from: 0, to: 5000, isIncrement: false });
    const value = (text: string) => bytes(text);
    await sink.write([
      { key: bytes("a"), version: 17, expiresMs: 0, value: value("1") },
      { key: bytes("b"), version: 5000, expiresMs: Date.now() + 3_600_000, value: value("2") },
      { key: bytes("l"), version: 40, expiresMs: 0, value: new Uint8Array(300_000) },
    ]);
    assert.deepEqual(await keysOf(other), []);
    assert.equal(await other.newest(), 0);
    await sink.finish();
    for (const client of [backend, other]) {
      assert.equal(await client.newest(), 5000);
      assert.deepEqual(await keysOf(client), ["a", "b", "l"]);
      assert.deepEqual(await keysOf(client, { keysOnly: true }), ["a", "b", "l"]);
      const [a, l] = await client.read([bytes("a"), bytes("l")]);
      assert.equal(a?.version, 17);
      assert.equal(l?.value.length, 300_000);
    }
    const next = await done(other, { operations: [put("a", "2")], checks: [{ key: bytes("a"), version: 17 }] });
    assert.ok(next > 5000);
    assert.equal(await valueAt(backend, "a", 5000), "1");
    await rejectsWith(backend.read([bytes("a")], 4999), "VERSION_GONE");
    await rejectsWith(backend.restore({ from: 0, to: 9000, isIncrement: false }), "BACKUP_MISMATCH");
    const increment = await backend.restore({ from: next, to: next + 1000, isIncrement: true });
    await increment.write([{ key: bytes("b"), version: next + 10, expiresMs: 0, value: undefined }]);
    await increment.finish();
    for (const client of [backend, other]) {
      assert.equal(await client.newest(), next + 1000);
      assert.deepEqual(await keysOf(client), ["a", "l"]);
    }
    const gone = await rejectsWith(other.changes({}, next, undefined), "VERSION_GONE");
    assert.equal(gone.version, next + 1000);
    const third = await done(other, { operations: [put("c", "1")] });
    assert.ok(third > next + 1000);
    const { changes } = await backend.changes({}, next + 1000, undefined);
    assert.deepEqual(
      changes.map(({ key, version }) => [text.decode(key), version]),
      [["c", third]],
    );
    assert.deepEqual(await keysOf(backend), ["a", "c", "l"]);
  }),
);

etcdTest("etcd: a changed part of a range has what was deleted, also if etcd has removed the tombstone", () =>
  withBackend("t-since/", async (backend) => {
    const since = await done(backend, { operations: [put("a", "1"), put("b", "1"), put("c", "1"), put("d", "1")] });
    await done(backend, { operations: [put("b", "2"), remove("c")] });
    // As the lease of a tombstone does, later.
    const [url] = cluster.endpoints;
    const key = Buffer.from("t-since/ed").toString("base64");
    await fetch(`${url}/v3/kv/deleterange`, { method: "POST", body: JSON.stringify({ key }) });
    const page = await backend.scan({ changedSince: since });
    assert.deepEqual(
      page.entries.map(({ key, value }) => [text.decode(key), value && text.decode(value)]),
      [
        ["b", "2"],
        ["c", undefined],
        ["d", undefined],
      ],
    );
  }),
);

etcdTest("etcd: users and passwords, and tokens that end", () =>
  withEtcd(async ({ endpoints }) => {
    const [url] = endpoints;
    const post = async (path: string, body: object, token?: string) => {
      const headers: Record<string, string> = token === undefined ? {} : { Authorization: token };
      const answer = await fetch(`${url}/v3/auth/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      const json = (await answer.json()) as { token?: string };
      assert.equal(answer.status, 200, JSON.stringify(json));
      return json;
    };
    await post("user/add", { name: "root", password: "secret" });
    await post("role/add", { name: "root" });
    await post("user/grant", { user: "root", role: "root" });
    await post("enable", {});
    const open = (more: object) => EtcdBackend.open(checkOptions({ endpoints, timeout: 2000, ...more }));
    await rejectsWith(open({}), "ACCESS_DENIED");
    await rejectsWith(open({ username: "root", password: "wrong" }), "ACCESS_DENIED");
    const backend = await open({ username: "root", password: "secret" });
    await done(backend, { operations: [put("a", "1")] });
    // A new password ends all tokens of the user, as time does.
    const { token } = await post("authenticate", { name: "root", password: "secret" });
    await post("user/add", { name: "other", password: "secret" }, token);
    assert.equal(await valueAt(backend, "a"), "1");
    await done(backend, { operations: [put("a", "2")] });
    await backend.close();
  }),
);

etcdTest("etcd: a closed backend refuses calls, and a server that is not there is unreachable", async () => {
  const backend = await EtcdBackend.open(checkOptions({ endpoints: cluster.endpoints, prefix: "t-close/" }));
  const waiting = backend.news(0, new AbortController().signal);
  await backend.close();
  await assert.rejects(waiting);
  await rejectsWith(backend.newest(), "STORE_CLOSED");
  await withEtcd(async (gone) => {
    await gone.end();
    const opening = EtcdBackend.open(checkOptions({ endpoints: gone.endpoints, timeout: 300 }));
    await rejectsWith(opening, "STORE_UNREACHABLE");
  });
});

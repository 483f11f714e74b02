/**
 * A store over etcd: what `openEtcd` gives, and what happens when answers are lost.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type AsyncStore, MemoryStore, open as openStore, StoreError } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { EtcdCluster } from "../../scripts/lib/services/etcd.ts";
import { type EtcdOptions, openEtcd } from "../../src/servers/etcd/mod.ts";
import { spoken } from "../support/command.ts";
import { storeError } from "../support/expect.ts";
import { etcdTest, HAS_ETCD } from "../support/services/etcd.ts";
import { SetClock } from "../support/set_clock.ts";
import { withDirectory } from "../support/temporary.ts";

let cluster: EtcdCluster;
before(async () => {
  if (HAS_ETCD) cluster = await EtcdCluster.start();
});
after(() => cluster?.end());

const open = (prefix: string, more: Partial<EtcdOptions> = {}): Promise<AsyncStore> =>
  openEtcd({ endpoints: cluster.endpoints, prefix, ...more });

test("etcd: wrong options are refused before anything is sent", async () => {
  const wrong: readonly [object, RegExp][] = [
    [{}, /Cannot use undefined as endpoints/],
    [{ endpoints: [] }, /expected at least one address/],
    [{ endpoints: ["127.0.0.1:2379"] }, /Wrong endpoint/],
    [{ endpoints: ["http://user:secret@host:1"] }, /Wrong endpoint 'http:\/\/host:1\/'/],
    [{ endpoints: ["http://host:1/path"] }, /Wrong endpoint 'http:\/\/host:1\/path'/],
    [{ endpoints: ["http://host:1"], username: "root" }, /'username' and 'password' together/],
    [{ endpoints: ["http://host:1"], timeout: 0 }, /'timeout': expected an integer from 1/],
    [{ endpoints: ["http://host:1"], maxOperations: 10 }, /'maxOperations': expected an integer from 32/],
    [{ endpoints: ["http://host:1"], prefx: "a" }, /did you mean 'prefix'/],
  ];
  for (const [options, message] of wrong) {
    await assert.rejects(openEtcd(options as EtcdOptions), (error: Error) => {
      assert.ok(error instanceof TypeError || error instanceof RangeError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});

etcdTest("etcd: a store is put, read, walked, watched, and moved to an embedded store and back", async () => {
  await using store = await open("t-store/");
  const watched: string[] = [];
  const ending = new AbortController();
  const watching = (async () => {
    for await (const { key, value } of store.watch({}, { since: 0, signal: ending.signal })) {
      watched.push(`${key}=${value && new TextDecoder().decode(value)}`);
      if (watched.length === 6) return;
    }
  })();
  await store.put("a", "1");
  await Promise.all([store.put("b", "2"), store.put("c", "3")]);
  await store.delete("b");
  assert.equal(await store.increment("n", 2n), 2n);
  assert.equal(await store.compareAndSet("a", 1, "no"), false);
  await store.transaction(async (transaction) => {
    transaction.put("d", (await transaction.get("a")) ?? "none");
  });
  await watching;
  assert.deepEqual(watched.slice(0, 1), ["a=1"]);
  assert.deepEqual([...watched].sort()[5], "n=\x02\0\0\0\0\0\0\0");
  const keys: string[] = [];
  for await (const key of store.keys()) keys.push(key);
  assert.deepEqual(keys, ["a", "c", "d", "n"]);

  const copy = new MemoryStore();
  await copy.restore(store.backup());
  assert.equal(copy.version, store.version);
  assert.deepEqual([...copy.keys()], keys);
  await using back = await open("t-back/");
  await back.restore(copy.backup());
  assert.equal(back.version, store.version);
  for (const key of keys) assert.deepEqual(await back.getEntry(key), await store.getEntry(key));
  await copy.close();
});

const ROUNDS = 30;

etcdTest("luge copy moves a store from a directory to etcd and back, entry for entry", () =>
  withDirectory(async (directory) => {
    const [from, back] = [join(directory, "from"), join(directory, "back")];
    const place = `${cluster.endpoints.join(",").replaceAll("http://", "").replace(/^/, "etcd://")}/t-copy%2F`;
    const source = await openStore(from);
    await source.batch(Array.from({ length: 3000 }, (_, i) => ({ type: "put", key: `key/${i}`, value: `${i}` })));
    await source.put(Uint8Array.of(0, 255), new Uint8Array(300_000).fill(3), { ttl: 600_000 });
    const records = await source.records({ keyEncoding: "bytes" }).toArray();
    const { version } = source;
    await source.close();
    assert.match(
      await spoken("copy", from, place),
      new RegExp(`^0 .*etcd://.*: version ${version}, 3,001 entries`, "s"),
    );
    await using server = await open("t-copy/");
    assert.deepEqual(await server.records({ keyEncoding: "bytes" }).toArray(), records);
    assert.equal(server.version, version);
    assert.match(await spoken("copy", from, place), /not empty/);
    assert.match(await spoken("copy", place, back), /^0 /);
    await using copied = await openStore(back);
    assert.deepEqual(await copied.records({ keyEncoding: "bytes" }).toArray(), records);
    const wrong = await spoken("copy", from, "etcd://user:secret@host/a?b");
    assert.match(wrong, /^2 .*expected etcd:/s);
    assert.doesNotMatch(wrong, /secret/);
  }),
);

/** What happens to a request: nothing, it is never sent, its answer is lost, or it is sent late. */
type Fault = "none" | "unsent" | "unanswered" | "late";

/** A `fetch` whose requests to change something meet faults. `settle` sends those that are late. */
function faultyFetch(next: () => Fault): { readonly fetch: typeof fetch; readonly settle: () => Promise<void> } {
  const late: (() => Promise<unknown>)[] = [];
  return {
    settle: async () => {
      for (const send of late.splice(0)) await send();
    },
    fetch: async (input, init) => {
      const isChange = String(init?.body).includes("request_put");
      const fault = isChange ? next() : "none";
      if (fault === "none") return await fetch(input, init);
      if (fault === "unanswered") await (await fetch(input, init)).text();
      if (fault === "late") late.push(async () => (await fetch(input, { ...init, signal: null })).text());
      throw new TypeError("the connection was lost");
    },
  };
}

etcdTest("etcd: a write is done once, whatever happens to its requests and answers", async () => {
  const random = new Random(23);
  const faults: readonly Fault[] = ["none", "none", "unsent", "unanswered", "late"];
  const { fetch, settle } = faultyFetch(() => random.pick(faults));
  await using store = await open("t-once/", { fetch });
  for (let i = 1; i <= ROUNDS; i++) {
    assert.equal(await store.increment("n", 1n), BigInt(i));
    await Promise.all([store.put(`k${i}`, "1"), store.put(`l${i}`, "1")]);
    assert.equal(await store.delete(`l${i}`), true);
    // Those that were late come after the newer ones.
    await settle();
  }
  const value = await store.get("n");
  assert.equal(value && new DataView(value.buffer).getBigUint64(0, true), BigInt(ROUNDS));
  assert.equal(await store.count(), ROUNDS + 1);
  assert.equal((await store.versions("n")).length, ROUNDS);
});

etcdTest("etcd: all keys of a commit have one time, beside a value in pieces, too", async () => {
  using time = new SetClock();
  const begun = time.ms;
  const slow: typeof fetch = (url, init) => {
    if (String(url).endsWith("/v3/kv/put")) time.ms += 1000;
    return fetch(url, init);
  };
  await using store = await open("t-one-time/", { fetch: slow });
  const keys = ["a", "large", "z"];
  const bytesOf = (key: string) => new Uint8Array(key === "large" ? 600_000 : 1);
  await store.batch(keys.map((key) => ({ type: "put", key, value: bytesOf(key) })));
  assert.ok(time.ms > begun, "there were pieces");
  for (const key of keys) {
    const [newest] = await store.versions(key);
    assert.deepEqual([newest?.writtenAt, newest?.writtenBefore], [begun, begun + 1], key);
  }
});

etcdTest("etcd: a commit that was given up is not done later, and says so", async () => {
  let fault: Fault = "none";
  const { fetch, settle } = faultyFetch(() => fault);
  await using store = await open("t-late/", { fetch, timeout: 300 });
  await store.put("a", "1");
  // The commit is late at each attempt. Then luge asks, and nobody answers.
  fault = "late";
  await assert.rejects(store.put("a", "2"), storeError("OUTCOME_UNKNOWN"));
  fault = "none";
  await store.put("b", "1");
  await settle();
  // One of the late ones was first: the commit, once, or the question, which stops it.
  const value = await store.get("a");
  assert.equal(new TextDecoder().decode(value), "2");
  assert.equal((await store.versions("a")).length, 2);

  // The commit is late, and the question is answered: the commit cannot be done any more.
  let attempts = 0;
  const second = faultyFetch(() => (attempts++ < 1 ? "late" : "none"));
  const stopping: typeof globalThis.fetch = async (input, init) => {
    if (attempts > 0 && !String(init?.body).includes("stopped") && String(init?.body).includes("request_put")) {
      const isCommit = JSON.parse(String(init?.body)).success.length > 1;
      if (isCommit) throw new TypeError("the connection was lost");
    }
    return await second.fetch(input, init);
  };
  await using other = await open("t-late/", { fetch: stopping, timeout: 300 });
  await assert.rejects(other.put("a", "3"), storeError("STORE_UNREACHABLE"));
  await second.settle();
  assert.equal(new TextDecoder().decode(await other.get("a")), "2");
});

etcdTest("etcd: OUTCOME_UNKNOWN names what may happen", async () => {
  let isLost = false;
  const broken: typeof fetch = async (input, init) => {
    if (isLost) throw new TypeError("the connection was lost");
    return await fetch(input, init);
  };
  await using store = await open("t-unknown/", { fetch: broken, timeout: 100 });
  await store.put("a", "1");
  isLost = true;
  await assert.rejects(store.put("a", "2"), (error) => error instanceof StoreError && error.code === "OUTCOME_UNKNOWN");
  await assert.rejects(store.get("a"), storeError("STORE_UNREACHABLE"));
  isLost = false;
  assert.equal(new TextDecoder().decode(await store.get("a")), "1");
});

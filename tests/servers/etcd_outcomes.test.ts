/**
 * What callers are told when etcd fails: each write its own outcome, and never "not done" of what is done.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { AsyncStore } from "../../mod.ts";
import { EtcdCluster } from "../../scripts/lib/services/etcd.ts";
import { openEtcd } from "../../src/servers/etcd/mod.ts";
import { storeError, text } from "../support/expect.ts";
import { etcdTest, HAS_ETCD } from "../support/services/etcd.ts";

let cluster: EtcdCluster;
before(async () => {
  if (HAS_ETCD) cluster = await EtcdCluster.start();
});
after(() => cluster?.end());

/** A request to etcd, as a test looks at it. */
interface Seen {
  readonly url: string;
  readonly body: string;
  /** Sends it, and reads the whole answer. */
  readonly send: () => Promise<Response>;
}

/** A store whose requests go through `meet`. Calls are given up soon. */
async function openThrough(prefix: string, meet: (seen: Seen) => Promise<Response>): Promise<AsyncStore> {
  return await openEtcd({
    endpoints: cluster.endpoints,
    prefix,
    timeout: 300,
    fetch: async (input, init) => {
      const send = async () => {
        const answer = await fetch(input, { ...init, signal: null });
        return new Response(await answer.text(), { status: answer.status });
      };
      const url = String(input);
      return await (url.endsWith("/watch") ? fetch(input, init) : meet({ url, body: String(init?.body), send }));
    },
  });
}

const lost = (): never => {
  throw new TypeError("the connection was lost");
};
/** A key of a store with this prefix, as requests have it: without the bytes that it shares with its neighbours. */
const isAbout = ({ body }: Seen, key: string): boolean =>
  [...body.matchAll(/"key":"([^"]+)"/g)].some(([, name = ""]) => atob(name).endsWith(key));
const isChange = ({ body }: Seen): boolean => body.includes("request_put");
const plusOne = (value: Uint8Array | undefined): string => String(Number(value ? text(value) : 0) + 1);

etcdTest("etcd: a write that fails says nothing about others of its group", async () => {
  let isBroken = false;
  await using store = await openThrough("o-group/", (seen) =>
    isBroken && isAbout(seen, "broken") && !isChange(seen) ? lost() : seen.send(),
  );
  await store.put("a", "0");
  isBroken = true;
  const group = [
    store.put("put", "1"),
    store.update("a", plusOne),
    store.update("broken", plusOne),
    store.update("b", plusOne),
    store.put("other", "1"),
  ];
  const [put, a, broken, b, other] = await Promise.allSettled(group);
  isBroken = false;
  assert.deepEqual([put, other], [{ status: "fulfilled", value: undefined }, put]);
  assert.deepEqual([a, b], [{ status: "fulfilled", value: "1" }, a]);
  assert.ok(broken?.status === "rejected");
  await assert.rejects(Promise.reject(broken.reason), storeError("STORE_UNREACHABLE", "Cannot write"));
  assert.deepEqual(await store.keys().toArray(), ["a", "b", "other", "put"]);
  assert.equal(await store.update("b", plusOne), "2");
});

etcdTest("etcd: when nobody answers, the rest of a group fails at once, and is not done", async () => {
  let isBroken = false;
  let asked = 0;
  await using store = await openThrough("o-away/", (seen) => {
    if (isBroken) asked += 1;
    return isBroken ? lost() : seen.send();
  });
  await store.put("a", "0");
  isBroken = true;
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
  const all = await Promise.allSettled(keys.map((key) => store.update(key, plusOne)));
  isBroken = false;
  for (const each of all) {
    assert.ok(each.status === "rejected");
    await assert.rejects(Promise.reject(each.reason), storeError("STORE_UNREACHABLE", "Cannot write"));
  }
  // Eight are on their way together, each tried a few times.
  assert.ok(asked < 8 * 20, `${asked} requests`);
  assert.deepEqual(await store.keys().toArray(), ["a"]);
  assert.equal(await store.update("k39", plusOne), "1");
});

etcdTest("etcd: a deletion that found nothing does not come later", async () => {
  const late: (() => Promise<Response>)[] = [];
  let isLate = false;
  await using store = await openThrough("o-late/", (seen) => {
    if (!isLate || !isChange(seen)) return seen.send();
    isLate = false;
    late.push(seen.send);
    return lost();
  });
  await using other = await openThrough("o-late/", ({ send }) => send());
  await store.put("a", "0");
  isLate = true;
  assert.equal(await store.delete("key"), false);
  await other.put("key", "1");
  for (const send of late) await send();
  assert.equal(late.length, 1);
  assert.equal(text(await store.get("key")), "1");
  // The same with a value that must not be there.
  await other.put("once", "first");
  isLate = true;
  assert.equal(await store.compareAndSet("once", undefined, "second"), false);
  await other.delete("once");
  for (const send of late) await send();
  assert.equal(late.length, 2);
  assert.equal(await store.get("once"), undefined);
});

etcdTest("etcd: of a group that was found done, no write is said to be undone if etcd goes away then", async () => {
  let phase: "well" | "answer lost" | "away" = "well";
  await using store = await openThrough("o-lost/", async (seen) => {
    if (phase === "well") return await seen.send();
    if (phase === "away") return lost();
    if (isAbout(seen, "put")) {
      await seen.send();
      return lost();
    }
    if (!seen.url.endsWith("/txn")) return await seen.send();
    // The client looks what came of its commit. From then on nobody answers.
    phase = "away";
    return await seen.send();
  });
  await store.put("there", "1");
  phase = "answer lost";
  const group = [
    store.put("put", "1"),
    store.delete("there"),
    store.put("other", "1"),
    store.compareAndSet("new", undefined, "1"),
  ];
  const [put, removed, other, created] = await Promise.allSettled(group);
  phase = "well";
  assert.deepEqual([put?.status, other?.status], ["fulfilled", "fulfilled"]);
  for (const each of [removed, created]) {
    assert.ok(each?.status === "rejected");
    await assert.rejects(Promise.reject(each.reason), storeError("OUTCOME_UNKNOWN", "Cannot tell"));
  }
  assert.deepEqual(await store.keys().toArray(), ["new", "other", "put"]);
});

etcdTest("etcd: a commit that is done is never said to be undone, if what it found cannot be read", async () => {
  let [isLost, isBroken] = [false, false];
  await using store = await openThrough("o-found/", async (seen) => {
    if (isLost && isChange(seen) && isAbout(seen, "key")) {
      isLost = false;
      isBroken = true;
      await seen.send();
      return lost();
    }
    // The answer was lost. So luge asks how the keys were before.
    return isBroken && seen.body.includes('"revision"') ? lost() : await seen.send();
  });
  await store.put("key", "1");
  isLost = true;
  await assert.rejects(store.delete("key"), storeError("OUTCOME_UNKNOWN", "Cannot tell"));
  isBroken = false;
  assert.equal(await store.get("key"), undefined);
});

/**
 * A store over etcd beside plain `fetch` that does the same by hand: one request for each operation. Both run in turns,
 * on one node of etcd, which shares the processors with them.
 *
 * ```sh
 * node scripts/measure.ts etcd [--rounds 7] [--ms 1000]
 * ```
 *
 * @module
 */

import { openEtcd } from "../../src/servers/etcd/mod.ts";
import { count, readOptions } from "../lib/options.ts";
import { EtcdCluster } from "../lib/services/etcd.ts";
import { median } from "../lib/statistics.ts";

const { rounds, ms, nodes } = readOptions({
  rounds: count("how often each is measured", 7),
  ms: count("milliseconds of each measurement", 1000),
  nodes: count("how many nodes", 1),
});
const KEYS = 1000;
const VALUE = new Uint8Array(100).fill(97);

await using cluster = await EtcdCluster.start({ size: nodes });
const leader = await cluster.leader();
await using store = await openEtcd({ endpoints: cluster.endpoints, prefix: "luge/" });

async function post(path: string, body: object): Promise<unknown> {
  const answer = await fetch(leader.url + path, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(text);
  return JSON.parse(text);
}

/** Both forms of an operation, on key number `i`. */
interface Work {
  readonly luge: (i: number) => Promise<unknown>;
  readonly fetch: (i: number) => Promise<unknown>;
}

const value = btoa(String.fromCharCode(...VALUE));
const put: Work = {
  luge: (i) => store.put(`key/${i % KEYS}`, VALUE),
  fetch: (i) => post("/v3/kv/put", { key: btoa(`plain/key/${i % KEYS}`), value }),
};
const txn: Work = {
  luge: put.luge,
  fetch: (i) => post("/v3/kv/txn", { success: [{ request_put: { key: btoa(`plain/key/${i % KEYS}`), value } }] }),
};
let commits = 0;
await post("/v3/kv/put", { key: btoa("plain/mark"), value: btoa("0") });
/** What a commit of the store promises: a clock for snapshots and watches, and a mark that it is done once. */
const commit: Work = {
  luge: put.luge,
  fetch: async (i) => {
    const [key, clock, mark] = [`plain/key/${i % KEYS}`, "plain/clock", "plain/mark"].map((each) => btoa(each));
    const compare = [{ key: mark, target: "VALUE", result: "EQUAL", value: btoa(String(commits)) }];
    commits += 1;
    const success = [
      { request_put: { key, value } },
      { request_put: { key: mark, value: btoa(String(commits)) } },
      { request_put: { key: clock, value: "" } },
    ];
    const { succeeded } = (await post("/v3/kv/txn", { compare, success })) as { succeeded?: boolean };
    if (!succeeded) throw new Error("a commit by hand was refused");
  },
};
const get: Work = {
  luge: (i) => store.get(`key/${i % KEYS}`),
  fetch: async (i) => {
    const { kvs } = (await post("/v3/kv/range", { key: btoa(`plain/key/${i % KEYS}`) })) as {
      kvs: { value: string }[];
    };
    return Uint8Array.from(atob(kvs[0]?.value ?? ""), (each) => each.charCodeAt(0));
  },
};

/** Operations a second of so many callers. */
async function rate(operation: (i: number) => Promise<unknown>, callers: number): Promise<number> {
  const start = performance.now();
  let [done, next] = [0, 0];
  const run = async () => {
    while (performance.now() < start + ms) {
      next += 1;
      await operation(next);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, run));
  return (done / (performance.now() - start)) * 1000;
}

for (let i = 0; i < KEYS; i++) await Promise.all([put.luge(i), put.fetch(i)]);
const table: Record<string, object> = {};
for (const [name, work, callers] of [
  ["put, 1 writer", put, 1],
  ["put, 1 writer, beside the same commit by hand", commit, 1],
  ["put, 64 writers", put, 64],
  ["put, 64 writers, beside one txn a write", txn, 64],
  ["get, 1 reader", get, 1],
  ["get, 64 readers", get, 64],
] as const) {
  const [ofLuge, ofFetch]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ofLuge.push(await rate(work.luge, callers));
    ofFetch.push(await rate(work.fetch, callers));
  }
  const shares = ofLuge.map((each, i) => each / (ofFetch[i] ?? 1));
  table[name] = {
    luge: Math.round(median(ofLuge)),
    fetch: Math.round(median(ofFetch)),
    share: Number(median(shares).toFixed(2)),
  };
}
console.table(table);

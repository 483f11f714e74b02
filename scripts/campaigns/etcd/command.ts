/**
 * Three nodes of etcd. The leader is killed, stopped or cut from the others every few seconds, under writers,
 * transactions and a watch. At the end no acknowledged write may be lost, none done twice, and the watch must have told
 * each change once.
 *
 * ```sh
 * node scripts/campaign.ts etcd --minutes 10 [--writers 32] [--clients 4] [--every 3000] [--kills-only] [--seed 1]
 * ```
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { openEtcd } from "../../../src/servers/etcd/mod.ts";
import { count, flag, natural, readOptions } from "../../lib/options.ts";
import { Random } from "../../lib/random.ts";
import { EtcdCluster, type EtcdNode, hasEtcd } from "../../lib/services/etcd.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { Load } from "../servers/load.ts";
import { Gaps } from "../servers/tally.ts";

/** How long a fault lasts, in milliseconds: at least, and how much longer at most. */
const LASTS_MS = { least: 1500, more: 2500 } as const;
/** etcd is compacted every so many faults, some commits behind the watch. */
const FAULTS_A_COMPACTION = 5;
const KEPT_REVISIONS = 1000;

const {
  faults,
  writers,
  clients,
  every,
  "kills-only": killsOnly,
  ...values
} = readOptions({
  faults: count("how many times a node is killed, stopped or cut", 10_000),
  writers: count("how many writers there are", 32),
  clients: count("how many clients they share", 4),
  every: natural("milliseconds from the end of a fault to the next one", 3000),
  "kills-only": flag("only kill the leader, as `kill -9` does"),
  ...COMMON_OPTIONS,
});
if (!hasEtcd()) throw new Error("etcd is not installed: apt-get install etcd-server");

const random = new Random(values.seed);
const gaps = new Gaps();
const sums = { killed: 0, stopped: 0, isolated: 0, cut: 0 };
await using cluster = await EtcdCluster.start({ size: 3 });
const open = () => openEtcd({ endpoints: cluster.endpoints, prefix: "campaign/" });
const load = await Load.open(open, clients, gaps, values.seed);
const campaign = new Campaign({
  ...values,
  verb: "breaking",
  total: faults,
  what: "faults",
  detail: () => load.detail,
});
load.start(writers);
await sleep(every);

let done = 0;
for (; done < faults && !campaign.isOver; done++) {
  const leader = await cluster.leader();
  gaps.begin();
  await breakOnce(leader);
  await sleep(every);
  gaps.end();
  if (done % FAULTS_A_COMPACTION === FAULTS_A_COMPACTION - 1) await compact();
  await campaign.update(done + 1);
}

const { lost, doubled, missed, text } = await load.finish();
for (const fault of load.faults) campaign.fail(`seed ${values.seed}: ${fault}`);
const { killed, stopped, isolated, cut } = sums;
console.log(`leader killed ${killed}, stopped ${stopped}, isolated ${isolated}, cut from one node ${cut} times`);
console.log(`acknowledged writes lost ${lost}, done twice ${doubled}, changes missed or doubled ${missed}`);
console.log(`without any acknowledged write: median ${gaps.median.toFixed(0)} ms, worst ${gaps.worst.toFixed(0)} ms`);
campaign.finish(`${done} faults: ${text}`);

/** One fault: the leader is away for a while, and comes back. */
async function breakOnce(leader: EtcdNode): Promise<void> {
  const ms = LASTS_MS.least + random.below(LASTS_MS.more);
  const kind = killsOnly ? 0 : random.below(4);
  if (kind === 0) {
    sums.killed += 1;
    await leader.kill();
    await sleep(ms);
    leader.start();
  } else if (kind === 1) {
    sums.stopped += 1;
    leader.pause();
    await sleep(ms);
    leader.resume();
  } else if (kind === 2) {
    sums.isolated += 1;
    cluster.isolate(leader);
    await sleep(ms);
    cluster.heal();
  } else {
    sums.cut += 1;
    const others = cluster.nodes.filter((node) => node !== leader);
    cluster.cut(leader, random.pick(others));
    await sleep(ms);
    cluster.heal();
  }
  await leader.ready();
}

/** Compacts etcd, as its operator would. Versions of the store are revisions: nothing was restored. */
async function compact(): Promise<void> {
  const revision = load.seenVersion - KEPT_REVISIONS;
  if (revision <= 0) return;
  const [url] = cluster.endpoints;
  // A node that does not answer is compacted with the next one.
  await fetch(`${url}/v3/kv/compaction`, {
    method: "POST",
    body: JSON.stringify({ revision: String(revision) }),
    signal: AbortSignal.timeout(5000),
  }).catch(() => {});
}
